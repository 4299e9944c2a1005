/** A collector for tests: it takes OTLP over HTTP as protobuf, and decodes the spans that it was sent. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty at the root of a trace. */
  readonly parentId: string
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** 2 where it failed. */
  readonly status: number
  readonly resource: Readonly<Record<string, unknown>>
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  readonly headers: readonly NodeJS.Dict<string | string[]>[]
}

/** Listens on loopback. `answer` says by which status a request is answered; `hang` answers none. */
export async function receiveOtlp(answer: () => number | 'hang' = () => 200): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const headers: NodeJS.Dict<string | string[]>[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const status = answer()
    headers.push(request.headers)
    if (status === 'hang') return
    const isZipped = request.headers['content-encoding'] === 'gzip'
    if (status === 200) spans.push(...spansIn(isZipped ? gunzipSync(body) : body))
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    headers,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

type Field = Buffer | bigint

/** The fields of a message of protobuf by their numbers. */
function fieldsOf(message: Buffer): Map<number, Field[]> {
  const fields = new Map<number, Field[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number) => {
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value =
      wire === 0
        ? varint()
        : wire === 1
          ? bytes(8).readBigUInt64LE()
          : bytes(wire === 2 ? Number(varint()) : 4)
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}

const all = (message: Field | undefined, number: number): readonly Buffer[] =>
  (Buffer.isBuffer(message) ? (fieldsOf(message).get(number) ?? []) : []).filter(each =>
    Buffer.isBuffer(each),
  )

function spansIn(request: Buffer): readonly ReceivedSpan[] {
  return all(request, 1).flatMap(group => {
    const resource = attributesOf(all(all(group, 1)[0], 1))
    return all(group, 2).flatMap(scope => all(scope, 2).map(span => ({ ...spanOf(span), resource })))
  })
}

function spanOf(span: Buffer): Omit<ReceivedSpan, 'resource'> {
  const fields = fieldsOf(span)
  const bytes = (number: number) => all(span, number)[0] ?? Buffer.alloc(0)
  const integer = (number: number) => fields.get(number)?.find(each => typeof each === 'bigint') ?? 0n
  const status = fieldsOf(bytes(15)).get(3)?.[0]
  return {
    ...{
      traceId: bytes(1).toString('hex'),
      spanId: bytes(2).toString('hex'),
      parentId: bytes(4).toString('hex'),
    },
    ...{ name: bytes(5).toString(), kind: Number(integer(6)) },
    ...{ startMs: Number(integer(7) / 1_000n) / 1e3, endMs: Number(integer(8) / 1_000n) / 1e3 },
    attributes: attributesOf(all(span, 9)),
    links: all(span, 13).map(link => ({ traceId: hexOf(all(link, 1)[0]), spanId: hexOf(all(link, 2)[0]) })),
    status: typeof status === 'bigint' ? Number(status) : 0,
  }
}

const hexOf = (bytes: Buffer | undefined): string => (bytes ?? Buffer.alloc(0)).toString('hex')

function attributesOf(pairs: readonly Buffer[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(pairs.map(pair => [all(pair, 1)[0]?.toString() ?? '', anyValue(all(pair, 2)[0])]))
}

function anyValue(value: Buffer | undefined): unknown {
  const [[number, [found] = []] = [0, []]] = value ? [...fieldsOf(value)] : []
  if (number === 1 && Buffer.isBuffer(found)) return found.toString()
  if (typeof found !== 'bigint') return undefined
  if (number === 2) return found === 1n
  if (number === 3) return Number(BigInt.asIntN(64, found))
  const double = Buffer.alloc(8)
  double.writeBigUInt64LE(found)
  return double.readDoubleLE()
}
