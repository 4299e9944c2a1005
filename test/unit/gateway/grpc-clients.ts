/** Clients of gRPC: the library's own, and one that writes requests of HTTP/2 by hand. */
import { type ClientHttp2Stream, connect, constants } from 'node:http2'
import { fileURLToPath } from 'node:url'
import {
  Client,
  type ClientReadableStream,
  credentials,
  type Deadline,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js'
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader'
import { service as healthService } from 'grpc-health-check'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { type GrpcServerOptions, type ServedGrpc, serveGrpc } from '#gateway/grpc/server.ts'
import type { Gateway } from '#gateway/operation.ts'

const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }
const PROTO = fileURLToPath(new URL('../../../gateway/grpc/llm-service.proto', import.meta.url))

function serviceIn(path: string, name: string): ServiceDefinition {
  const found = loadSync(path, OPTIONS)[name]
  if (!found || 'format' in found) throw new TypeError(`no service ${name}`)
  return found
}

const LLM = serviceIn(PROTO, 'caudal.v1.LLMService')

export const served = (
  gateway: () => Gateway | undefined,
  more: Partial<GrpcServerOptions> = {},
): Promise<ServedGrpc> =>
  serveGrpc({
    ...{ gateway, name: 'gate', host: '127.0.0.1', port: 0, logger: silent, system: realSystem },
    isReady: async () => gateway() !== undefined,
    ...more,
  })

export interface Asked {
  readonly prompt: string
  readonly model?: string
  readonly temperature?: number
}

export interface Answered {
  readonly content: string
  readonly tokens_used: number
  readonly task_id: string
  readonly final: number
  readonly below_threshold: boolean
}

export interface Outcome<T> {
  readonly metadata: Metadata
  readonly status: StatusObject
  readonly answer: T | undefined
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly deadline?: Deadline
}

export interface GrpcClient extends Disposable {
  readonly client: Client
  generate(asked: Asked, options?: CallOptions): Promise<Outcome<Answered>>
  /** To its end: all pieces. */
  stream(asked: Asked, options?: CallOptions): Promise<Outcome<readonly string[]>>
  open(asked: Asked, options?: CallOptions): ClientReadableStream<{ readonly content: string }>
  check(service: string): Promise<Outcome<{ readonly status: string }>>
  watch(service: string): ClientReadableStream<{ readonly status: string }>
}

function metadataOf(headers: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return metadata
}

const optionsOf = ({ deadline }: CallOptions) => (deadline === undefined ? {} : { deadline })

export function clientOf(address: string): GrpcClient {
  const client = new Client(address, credentials.createInsecure())
  const open = <T>(method: MethodDefinition<unknown, unknown>, asked: object, options: CallOptions = {}) =>
    client.makeServerStreamRequest<object, T>(
      method.path,
      method.requestSerialize,
      // The service says what its messages are.
      bytes => method.responseDeserialize(bytes) as T,
      asked,
      metadataOf(options.headers),
      optionsOf(options),
    )
  return {
    client,
    generate: (asked, options) => unary(client, methodOf(LLM, 'Generate'), asked, options),
    open: (asked, options) => open(methodOf(LLM, 'StreamGenerate'), asked, options),
    stream: (asked, options) =>
      collected(open<{ readonly content: string }>(methodOf(LLM, 'StreamGenerate'), asked, options)),
    check: service => unary(client, methodOf(healthService, 'Check'), { service }),
    watch: service => open(methodOf(healthService, 'Watch'), { service }),
    [Symbol.dispose]: () => client.close(),
  }
}

function methodOf(service: ServiceDefinition, name: string): MethodDefinition<unknown, unknown> {
  const method = service[name]
  if (!method) throw new TypeError(`no method ${name}`)
  return method
}

function unary<T>(
  client: Client,
  method: MethodDefinition<unknown, unknown>,
  asked: object,
  options: CallOptions = {},
): Promise<Outcome<T>> {
  return new Promise(resolve => {
    let metadata = new Metadata()
    let answer: T | undefined
    const call = client.makeUnaryRequest<object, T>(
      method.path,
      method.requestSerialize,
      bytes => method.responseDeserialize(bytes) as T,
      asked,
      metadataOf(options.headers),
      optionsOf(options),
      (_, found) => {
        answer = found
      },
    )
    call.on('metadata', found => {
      metadata = found
    })
    call.on('status', status => resolve({ metadata, status, answer }))
  })
}

async function collected(
  call: ClientReadableStream<{ readonly content: string }>,
): Promise<Outcome<readonly string[]>> {
  const answer: string[] = []
  let metadata = new Metadata()
  call.on('metadata', found => {
    metadata = found
  })
  call.on('data', ({ content }) => answer.push(content))
  call.on('error', (_: ServiceError) => undefined) // Its status follows.
  const status = await new Promise<StatusObject>(resolve => call.on('status', resolve))
  return { metadata, status, answer }
}

export interface RawReply {
  readonly status: string
  readonly message: string
}

export interface RawCall {
  /** Paused: nothing is read until the test reads. */
  readonly stream: ClientHttp2Stream
  readonly replied: Promise<RawReply>
}

/** The window of a connection is larger: that of a stream alone holds the gateway back. */
const WINDOW_BYTES = 16_384

/** One call, its message as bytes, of a client that reads nothing by itself. */
export function openRaw(
  address: string,
  method: string,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): RawCall {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: WINDOW_BYTES } })
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: `/caudal.v1.LLMService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.end(Buffer.concat([head, bytes]))
  const replied = new Promise<RawReply>((resolve, reject) => {
    const take = (found: Readonly<Record<string, unknown>>) => {
      if (found['grpc-status'] === undefined) return
      resolve({ status: String(found['grpc-status']), message: String(found['grpc-message']) })
      session.close()
    }
    session.on('error', reject)
    stream.on('error', reject)
    stream.on('close', () => reject(new TypeError('the call ended without a status')))
    stream.on('response', take)
    stream.on('trailers', take)
  })
  return { stream, replied }
}

/** One call of `Generate`, its message as bytes. */
export function rawCall(
  address: string,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const { stream, replied } = openRaw(address, 'Generate', bytes, headers)
  stream.resume()
  return replied
}

/** As protobuf writes a request with a prompt of fewer than 128 bytes. */
export const promptBytes = (prompt: string): Buffer =>
  Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(prompt)]), Buffer.from(prompt)])

export interface Reflected {
  readonly services: readonly string[]
  /** Numbers of the fields of each message of the package. */
  readonly fields: Readonly<Record<string, Readonly<Record<string, number>>>>
}

interface ReflectionReply {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] }
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] }
}

/** What a client learns that has no proto. */
export async function reflected(address: string): Promise<Reflected> {
  const proto = new URL(
    '../proto/grpc/reflection/v1/reflection.proto',
    import.meta.resolve('@grpc/reflection'),
  )
  const method = methodOf(
    serviceIn(fileURLToPath(proto), 'grpc.reflection.v1.ServerReflection'),
    'ServerReflectionInfo',
  )
  const client = new Client(address, credentials.createInsecure())
  const call = client.makeBidiStreamRequest<object, ReflectionReply>(
    method.path,
    method.requestSerialize,
    bytes => method.responseDeserialize(bytes) as ReflectionReply,
  )
  const ask = (question: object) =>
    new Promise<ReflectionReply>((resolve, reject) => {
      call.once('data', resolve)
      call.once('error', reject)
      call.write(question)
    })
  const list = await ask({ list_services: '*' })
  const files = await ask({ file_containing_symbol: 'caudal.v1.LLMService' })
  call.end()
  client.close()
  return {
    services: list.list_services_response?.service.map(({ name }) => name) ?? [],
    fields: fieldsIn(files.file_descriptor_response?.file_descriptor_proto ?? []),
  }
}

/** The descriptors, as a set of them: each is a field 1 with its length. */
function fieldsIn(descriptors: readonly Buffer[]): Reflected['fields'] {
  const set = Buffer.concat(descriptors.flatMap(each => [Buffer.from([0x0a, ...varint(each.length)]), each]))
  const found = Object.entries(loadFileDescriptorSetFromBuffer(set, OPTIONS)).flatMap(
    ([name, definition]) => {
      const type = 'type' in definition ? definition.type : {}
      const fields = 'field' in type && Array.isArray(type.field) ? type.field : []
      const numbers = fields.map(({ name: field, number }) => [field, number] as const)
      return [[name.replace('caudal.v1.', ''), Object.fromEntries(numbers)] as const]
    },
  )
  return Object.fromEntries(found)
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
