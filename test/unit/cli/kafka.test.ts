/** Brokers as the settings name them, and commands while none of them answers. */
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { configurationOf } from '#cli/environment.ts'
import { kafkaOptionsOf } from '#cli/kafka.ts'
import { main } from '#cli/main.ts'
import { dataFolder } from './data-folder.ts'
import { hastySystem, surroundings } from './surroundings.ts'

const BROKERS = { KAFKA_BROKERS: 'one:9092,two:9092', APP_ID: 'app', POD_NAME: 'pod' }
/** Nothing listens there. */
const AWAY = { KAFKA_BROKERS: '127.0.0.1:1', PORT: '0' }

describe('the settings of Kafka', () => {
  it('are those of the driver where no variable changes them', () => {
    expect(kafkaOptionsOf(configurationOf(BROKERS))).toEqual({
      brokers: ['one:9092', 'two:9092'],
      clientId: 'app-pod',
      compression: 'none',
      replicationFactor: -1,
    })
  })

  it('configure encryption, login, compression and replication', () => {
    const path = fileURLToPath(import.meta.url)
    const options = kafkaOptionsOf(
      configurationOf({
        ...BROKERS,
        KAFKA_SSL: 'true',
        KAFKA_SSL_CA_FILE: path,
        KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        KAFKA_SASL_USERNAME: 'me',
        KAFKA_SASL_PASSWORD: 'hunter2',
        KAFKA_COMPRESSION: 'zstd',
        KAFKA_REPLICATION: '3',
      }),
    )
    expect(options).toMatchObject({
      sasl: { mechanism: 'scram-sha-512', username: 'me', password: 'hunter2' },
      compression: 'zstd',
      replicationFactor: 3,
    })
    expect(options.ssl).toEqual({ ca: expect.any(Buffer) })
    const encryptedOnly = kafkaOptionsOf(configurationOf({ ...BROKERS, KAFKA_SSL: 'true' }))
    expect(encryptedOnly.ssl).toEqual({})
  })
})

describe('while no broker answers', () => {
  it.each([['lag'], ['topics plan'], ['schemas check'], ['config list']])(
    'caudal %s ends with an error that names the brokers',
    async name => {
      const { world, stderr } = surroundings({ environment: AWAY, system: hastySystem })
      expect(await main(name.split(' '), world)).toBe(EXIT.unavailable)
      expect(stderr.text).toContain('127.0.0.1:1 does not answer')
      expect(stderr.text).toContain('none of 127.0.0.1:1 has answered in 30 s')
    },
  )

  it('caudal lag ends on a signal in the middle of an attempt', async () => {
    const sockets: Socket[] = []
    const mute = createServer(socket => sockets.push(socket))
    const { promise: connected, resolve } = Promise.withResolvers<void>()
    mute.on('connection', () => resolve())
    await new Promise<void>(listening => mute.listen(0, '127.0.0.1', listening))
    const address = mute.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { world, stop } = surroundings({ environment: { KAFKA_BROKERS: `127.0.0.1:${port}` } })
    const ended = main(['lag'], world)
    await connected
    stop()
    expect(await ended).toBe(EXIT.interrupted)
    for (const socket of sockets) socket.destroy()
    await new Promise(closed => mute.close(closed))
  })

  it('caudal run logs its attempts, is live but not ready, and ends well on a signal', async () => {
    const { world, stderr, stop } = surroundings({ environment: { ...AWAY, DATA_DIR: dataFolder() } })
    const ended = main(['run'], world)
    await stderr.until(/does not answer: .*trying again until it does/)
    const url = /"url":"([^"]+)"/.exec(stderr.text)?.[1]
    expect((await fetch(`${url}/live`)).status).toBe(200)
    const ready = await fetch(`${url}/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toEqual({
      ok: false,
      reasons: [expect.stringContaining('the pod is starting')],
    })
    stop()
    expect(await ended).toBe(EXIT.ok)
    expect(stderr.text).not.toContain('LOG_CLOSED')
  })

  it.each([
    [['start'], EXIT.ok],
    [['start', '--exit'], EXIT.interrupted],
  ])('caudal %j ends on a signal', async (words, code) => {
    const { world, stderr, stop } = surroundings({ environment: { ...AWAY, DATA_DIR: dataFolder() } })
    const ended = main(words, world)
    await stderr.until(/does not answer/)
    stop()
    expect(await ended).toBe(code)
  })
})
