/**
 * A model server as a process of its own, `node model-server.ts SETTINGS`, that survives every pod and keeps the bill.
 * A provider finishes what it has begun, whether or not the caller is still there: so does this one, and bills it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seedOf } from '#testing/seeded-random.ts'
import { replyTo } from './graph.ts'
import type { Call, ModelSettings } from './model-bill.ts'

const { latencyMinMs, latencyMaxMs, slow }: ModelSettings = JSON.parse(process.argv[2] ?? '{}')
const calls: Call[] = []

function latencyOf(id: string, round: number): number {
  const exception = slow[id]
  if (exception !== undefined) return exception
  const draw = (seedOf(round, id) >>> 0) / 2 ** 32
  return latencyMinMs + draw * (latencyMaxMs - latencyMinMs)
}

function answer(query: URLSearchParams, response: ServerResponse): void {
  const field = (name: string) => query.get(name) ?? ''
  const [id, round] = [field('id'), Number(field('round'))]
  const call: Call = {
    ...{ call: field('call'), id, key: field('key'), round, pod: field('pod') },
    ...{ begun: Number(field('at')), ended: undefined, delivered: false },
  }
  calls.push(call)
  setTimeout(
    () => {
      call.ended = Date.now()
      call.delivered = !response.destroyed
      response.end(replyTo(id, round))
    },
    latencyOf(id, round),
  )
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://model')
  if (pathname === '/ask') answer(searchParams, response)
  else response.end(JSON.stringify(calls))
}

const server = createServer({ keepAliveTimeout: 60_000 }, handle)
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  process.send?.(`http://127.0.0.1:${port}`)
})
process.on('disconnect', () => process.exit(0))
