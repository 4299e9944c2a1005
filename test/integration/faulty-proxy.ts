/**
 * A proxy before one broker that understands just enough of the Kafka protocol to lose chosen requests or answers: each
 * message begins with its length; a request goes on with the number of its API and of itself, an answer with that number.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

export const API = {
  produce: 0,
  fetch: 1,
  offsetCommit: 8,
  joinGroup: 11,
  heartbeat: 12,
  addPartitions: 24,
  endTransaction: 26,
} as const

/** What happens to one request: the connection is cut before the broker gets it, or before its answer arrives. */
export type Fault = 'request lost' | 'answer lost'

export interface FaultyProxy {
  readonly address: string
  /** The next request of the API meets the fault; the promise resolves when it has. */
  next(api: number, fault: Fault): Promise<void>
  /** How many requests of the API went by. */
  count(api: number): number
  close(): Promise<void>
}

interface Plan {
  readonly api: number
  readonly fault: Fault
  met(): void
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const plans: Plan[] = []
  const counts = new Map<number, number>()
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const [host = '', port = ''] = target.split(':')
    const broker = connect(Number(port), host)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    relay(client, broker, plans, counts)
  })
  await listen(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port was given')
  return {
    address: `127.0.0.1:${address.port}`,
    next: (api, fault) => new Promise(resolve => plans.push({ api, fault, met: resolve })),
    count: api => counts.get(api) ?? 0,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function relay(client: Socket, broker: Socket, plans: Plan[], counts: Map<number, number>): void {
  const lost = new Map<number, Plan>()
  const cut = (plan?: Plan) => {
    client.destroy()
    broker.destroy()
    plan?.met()
  }
  messages(client, message => {
    const [api, id] = [message.readInt16BE(4), message.readInt32BE(8)]
    counts.set(api, (counts.get(api) ?? 0) + 1)
    const index = plans.findIndex(each => each.api === api)
    const [plan] = index < 0 ? [] : plans.splice(index, 1)
    if (plan?.fault === 'request lost') return cut(plan)
    if (plan) lost.set(id, plan)
    broker.write(message)
  })
  messages(broker, message => {
    const plan = lost.get(message.readInt32BE(4))
    if (plan) cut(plan)
    else client.write(message)
  })
  for (const socket of [client, broker]) {
    socket.on('error', () => cut())
    socket.on('close', () => cut())
  }
}

/** Calls back for each whole message, its length included. */
function messages(socket: Socket, found: (message: Buffer) => void): void {
  let held = Buffer.alloc(0)
  socket.on('data', part => {
    held = Buffer.concat([held, part])
    while (held.length >= 4 && held.length >= held.readInt32BE() + 4) {
      const end = held.readInt32BE() + 4
      const message = held.subarray(0, end)
      held = held.subarray(end)
      found(message)
    }
  })
}

function listen(server: Server): Promise<void> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
}
