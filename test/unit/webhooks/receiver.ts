/** An endpoint on loopback that keeps what it was sent, byte for byte, and answers by its script. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Where the connection came in. */
  readonly at: string | undefined
}

export type Answering = (response: ServerResponse, nth: number, received: Received) => void

export interface Receiver extends AsyncDisposable {
  readonly port: number
  readonly received: readonly Received[]
  answer: Answering
  /** The address of a path, by this name or address. */
  url(path: string, host?: string): string
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answering =>
  response => {
    response.writeHead(code, headers).end()
  }

export interface ReceiverOptions {
  readonly host?: string
  readonly port?: number
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

/** Rejects where the port is taken. */
export async function startReceiver({
  host = '127.0.0.1',
  port = 0,
  tls,
}: ReceiverOptions = {}): Promise<Receiver> {
  const received: Received[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url: path = '', headers, socket } = request
    const one = { path, headers, body: Buffer.concat(chunks), at: socket.localAddress }
    received.push(one)
    receiver.answer(response, received.length, one)
  }
  const server = tls ? createSecureServer(tls, handle) : createServer(handle)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo // It listens on TCP.
  const receiver: Receiver = {
    port: bound,
    received,
    answer: status(204),
    url: (path, name = host) => `${tls ? 'https' : 'http'}://${name}:${bound}${path}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return receiver
}

/** Whether the request is signed with the secret, as a receiver that knows the standard alone would check it. */
export function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signed = Buffer.concat([
    Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
    body,
  ])
  const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
  return String(headers['webhook-signature']).split(' ').includes(expected)
}
