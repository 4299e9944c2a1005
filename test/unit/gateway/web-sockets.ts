/** Clients of WebSockets: one that behaves, and one that writes frames by hand. */
import { connect } from 'node:net'

export interface Received {
  readonly type: string
  readonly id?: string
  readonly event_id?: string
  readonly kind?: string
  readonly reason?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly problem?: { readonly code: string; readonly faults?: readonly { readonly pointer: string }[] }
}

export interface Client {
  send(message: object | string): void
  readonly received: () => readonly Received[]
  /** Resolves when the predicate holds of what came; rejects when the connection ends before. */
  until(predicate: (received: readonly Received[]) => boolean): Promise<readonly Received[]>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  close(): void
}

/** Resolves once the connection is open. */
export async function openClient(url: string, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(url, { headers })
  const received: Received[] = []
  const looks = new Set<(isOver: boolean) => void>()
  const look = (isOver: boolean) => {
    for (const each of looks) each(isOver)
  }
  socket.addEventListener('message', ({ data }) => {
    received.push(JSON.parse(String(data)))
    look(false)
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.addEventListener('close', ({ code, reason }) => {
      look(true)
      resolve({ code, reason })
    }),
  )
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  return {
    send: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    received: () => received,
    until: predicate =>
      new Promise((resolve, reject) => {
        const check = (isOver: boolean) => {
          const holds = predicate(received)
          if (!holds && !isOver) return
          looks.delete(check)
          if (holds) resolve(received)
          else reject(new TypeError(`the connection ended behind ${JSON.stringify(received.slice(-3))}`))
        }
        looks.add(check)
        check(false)
      }),
    closed,
    close: () => socket.close(),
  }
}

export interface RawClient {
  readonly status: number
  write(bytes: Buffer): void
  /** Resolves to the code of the closing frame, or to nothing where the connection ends without one. */
  readonly closed: Promise<number | undefined>
  end(): void
}

/** A request for a WebSocket, byte by byte. */
export function openRaw(
  port: number,
  headers: Record<string, string> = {},
  path = '/ws',
): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  const asked = {
    host: `127.0.0.1:${port}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    ...headers,
  }
  const lines = Object.entries(asked).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  let bytes = Buffer.alloc(0)
  const closed = new Promise<number | undefined>(resolve => {
    socket.on('close', () => resolve(closeCodeIn(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4))))
  })
  socket.on('error', () => undefined) // Its end follows.
  return new Promise(resolve => {
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk])
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1')) ?? []
      if (!bytes.includes('\r\n\r\n')) return
      if (closeCodeIn(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)) !== undefined) socket.end()
      resolve({
        status: Number(status),
        write: data => void socket.write(data),
        closed,
        end: () => void socket.destroy(),
      })
    })
  })
}

function closeCodeIn(frames: Buffer): number | undefined {
  let at = 0
  while (at + 2 <= frames.length) {
    const short = (frames[at + 1] ?? 0) & 0x7f
    const start = at + (short === 126 ? 4 : 2)
    if (((frames[at] ?? 0) & 0x0f) === 8) return short >= 2 ? frames.readUInt16BE(start) : 1005
    at = start + (short === 126 ? frames.readUInt16BE(at + 2) : short)
  }
  return undefined
}

const NO_MASK = Buffer.alloc(4)
export const TEXT = 1
export const BINARY = 2

/** A frame of a client, its mask zero. The length may be another than that of the bytes. */
export function frame(opcode: number, bytes: Buffer, length = bytes.length): Buffer {
  const head = Buffer.alloc(10)
  head[0] = 0x80 | opcode
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, NO_MASK, bytes])
}
