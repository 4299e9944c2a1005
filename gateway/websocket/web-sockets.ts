/** WebSockets of a server, by @fastify/websocket: who is admitted gets a channel. */
import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { System } from '#core/system.ts'
import { type Admitted, Channel, type Frames } from './channel.ts'

export const WEBSOCKET_PATH = '/ws'

/** A message of a client; the library closes the connection of a larger one, and of a larger frame before it has come. */
const MESSAGE_BYTES_MAX = 16_384
/** So long a client has, when the gateway stops, to close its side. */
const LEAVING_MS = 1_000

export interface WebSocketsOptions {
  readonly system: System
  /** Who asks; nothing where the reply was sent, with what is in the way. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<Admitted | undefined>
  /** Answers a request that is no WebSocket. */
  refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply
}

/** Whether a request becomes a WebSocket. Clients that offer other protocols, as h2c, get an answer of HTTP. */
export function isUpgraded({ url = '', headers }: IncomingMessage): boolean {
  const [path] = url.split('?')
  return path === WEBSOCKET_PATH && headers.upgrade?.toLowerCase() === 'websocket'
}

export function serveWebSockets(server: FastifyInstance, { system, admit, refuse }: WebSocketsOptions): void {
  const channels = new Set<Channel>()
  const admitted = new WeakMap<FastifyRequest, Admitted>()
  server.register(websocket, {
    options: { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false },
    preClose: async () => leave(channels, system),
  })
  // Behind the plug-in, which looks at routes as they are added.
  server.after(() => {
    server.route({
      method: 'GET',
      url: WEBSOCKET_PATH,
      config: { rateLimit: {} },
      preValidation: async (request, reply) => {
        const found = await admit(request, reply)
        if (!found) return reply
        admitted.set(request, found)
      },
      handler: refuse,
      wsHandler: (frames: Frames, request: FastifyRequest) => {
        const found = admitted.get(request)
        if (!found) return frames.terminate()
        const channel = new Channel(frames, found, system)
        channels.add(channel)
        channel.gone.then(() => channels.delete(channel))
        channel.open()
      },
    })
  })
}

/** An open connection would keep the server from its end. */
async function leave(channels: ReadonlySet<Channel>, system: System): Promise<void> {
  const all = [...channels]
  for (const channel of all) channel.end('the gateway stops')
  await new Promise<void>(resolve => {
    const cancel = system.after(LEAVING_MS, resolve)
    Promise.all(all.map(({ gone }) => gone)).then(() => {
      cancel()
      resolve()
    })
  })
  for (const channel of all) channel.terminate()
}
