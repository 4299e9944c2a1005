/** The network of the fault tests, with a server that answers each request with itself in place of a broker. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Network } from '../../integration/faults/network.ts'

const SOON_MS = 100

describe('the network between pods and brokers', () => {
  const arrived: string[] = []
  let broker: Server
  let network: Network
  const clients: Socket[] = []

  beforeEach(async () => {
    arrived.length = 0
    broker = createServer(socket =>
      socket.on('data', frame => {
        arrived.push(bodyOf(frame))
        socket.write(frame)
      }),
    )
    await once(broker.listen(0, '127.0.0.1'), 'listening')
    const options = { troubleFor: () => undefined, delayMs: 0 }
    network = new Network([{ listens: 0, broker: portOf(broker) }], options)
    await network.start()
  })

  afterEach(async () => {
    for (const each of clients.splice(0)) each.destroy()
    await network.stop()
    broker.close()
  })

  const join = async () => {
    const [host = '', port = ''] = (network.proxies[0]?.address ?? '').split(':')
    const client = connect(Number(port), host)
    clients.push(client)
    await once(client, 'connect')
    return client
  }

  it('delivers requests and answers of a pod that nothing is between', async () => {
    const client = await join()
    client.write(frame('a', 'one'))
    expect(bodyOf(await answerOf(client))).toBe('one')
  })

  it('keeps the requests of the pod that is cut off, and delivers them when it is whole, though the pod has gone', async () => {
    const heal = network.impair({ pod: 'a', cut: 'requests' })
    const [cut, other] = [await join(), await join()]
    cut.write(frame('a', 'kept'))
    other.write(frame('ab', 'free'))
    expect(bodyOf(await answerOf(other))).toBe('free')
    cut.destroy()
    expect(arrived).toEqual(['free'])
    heal()
    await expect.poll(() => arrived).toEqual(['free', 'kept'])
  })

  it('lets requests through and keeps the answers where only these are cut off', async () => {
    const heal = network.impair({ broker: 1, cut: 'answers' })
    const client = await join()
    client.write(frame('a', 'one'))
    await expect.poll(() => arrived).toEqual(['one'])
    expect(client.bytesRead).toBe(0)
    heal()
    expect(bodyOf(await answerOf(client))).toBe('one')
  })

  it('closes the connections of a pod that is refused, by its connections of other names too', async () => {
    const client = await join()
    client.write(frame('a:123', 'one'))
    await answerOf(client)
    network.impair({ pod: 'a', cut: 'refused' })
    await once(client, 'close')
    const again = await join()
    again.write(frame('a', 'two'))
    await once(again, 'close')
    expect(arrived).toEqual(['one'])
  })

  it('makes answers late by the latency of the way there and back', async () => {
    network.impair({ pod: 'a', latencyMs: SOON_MS })
    const client = await join()
    const begun = performance.now()
    client.write(frame('a', 'one'))
    await answerOf(client)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(SOON_MS - 2)
  })

  it('lets frames wait until the one before has gone through a narrow line', async () => {
    network.impair({ pod: 'a', bytesPerSecond: 1_000 })
    const client = await join()
    const begun = performance.now()
    client.write(frame('a', 'x'.repeat(SOON_MS)))
    client.write(frame('a', 'after'))
    await expect.poll(() => arrived.length).toBe(2)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(SOON_MS - 2)
  })
})

/** Length, kind, version, number and the client's name, as each request of Kafka begins. */
function frame(client: string, body: string): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt32BE(10 + client.length + body.length, 0)
  head.writeInt16BE(client.length, 12)
  return Buffer.concat([head, Buffer.from(client + body)])
}

function bodyOf(bytes: Buffer): string {
  return bytes.toString('utf8', 14 + bytes.readInt16BE(12))
}

async function answerOf(client: Socket): Promise<Buffer> {
  const [bytes] = await once(client, 'data')
  return bytes
}

function portOf(server: Server): number {
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  return port
}
