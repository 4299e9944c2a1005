/** Commands that only look, while what they need refuses them or is away: one error that says what to set, and no code 0. */
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server as PlainServer } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect, it, onTestFinished } from 'vitest'
import { DeliveredAvro, FailedAvro } from '#answers/codecs.ts'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import type { NewRecord } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import { dataFolder, of, withLog } from '../unit/cli/data-folder.ts'
import { delivered, failed } from '../unit/cli/outcomes.ts'
import { hastySystem, surroundings } from '../unit/cli/surroundings.ts'
import { selfSigned } from './certificate.ts'

/** Written with a schema that only the registry knows. */
const foreign = (record: NewRecord): NewRecord => {
  const value = Buffer.from(record.value ?? [])
  value.writeUInt32BE(7, 1)
  return { ...record, value }
}

/** A folder with an answer and a failure whose schemas are in the registry alone. */
async function answered(): Promise<string> {
  const folder = dataFolder()
  const put = async (topic: string, record: NewRecord) =>
    withLog(folder, log => log.append([{ topic, partition: 0, records: [foreign(record)] }]))
  await put('datos_procesados', of(DeliveredAvro, delivered()))
  await put('llm.failed', of(FailedAvro, failed()))
  return folder
}

async function portOf(server: Server | PlainServer): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port // It listens on TCP.
}

async function looked(
  words: string,
  environment: Readonly<Record<string, string>>,
  system: System = realSystem,
) {
  const settings = { LOG_LEVEL: 'error', ...environment }
  const { world, stdout, stderr } = surroundings({ environment: settings, system })
  const code = await main(words.split(' '), world)
  return { code, stdout: stdout.text, lines: stderr.text.trimEnd().split('\n') }
}

const READING = ['results', 'results --follow', 'dlq list', 'dlq show q2']

it.each(READING)('caudal %s names the setting where the registry refuses the login', async words => {
  const refusing = createServer((_, response) => {
    const body = '{"error_code":40101,"message":"Unauthorized"}'
    response.writeHead(401, { 'content-type': 'application/json' }).end(body)
  })
  const host = `127.0.0.1:${await portOf(refusing)}`
  const SCHEMA_REGISTRY_URL = `http://ana:hush-hush@${host}`
  const { code, lines } = await looked(words, { DATA_DIR: await answered(), SCHEMA_REGISTRY_URL })
  expect(code).toBe(EXIT.configuration)
  expect(lines).toEqual([
    expect.stringMatching(/^caudal .*REGISTRY_REFUSED.*Unauthorized.*SCHEMA_REGISTRY_URL/),
  ])
  expect(lines[0]).not.toContain('hush-hush')
})

it.each(READING)('caudal %s gives up on a registry that is away', async words => {
  const settings = { DATA_DIR: await answered(), SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' }
  const { code, lines } = await looked(words, settings, hastySystem)
  expect(code).toBe(EXIT.unavailable)
  expect(lines).toEqual([
    expect.stringMatching(/^caudal .*REGISTRY_UNAVAILABLE.*ECONNREFUSED.*check SCHEMA_REGISTRY_URL/),
  ])
})

it.each(['lag', 'state get admit q1', 'topics plan'])(
  'caudal %s needs no registry and asks none',
  async words => {
    const settings = { DATA_DIR: await answered(), SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' }
    const { code, lines } = await looked(words, settings)
    expect(code).toBe(words.startsWith('state') ? EXIT.notFound : EXIT.ok)
    expect(lines.join()).not.toContain('REGISTRY')
  },
)

it('the error for a registry with an untrusted certificate names the setting that makes it trusted', async () => {
  const folder = await answered()
  const port = await portOf(createSecureServer(selfSigned(folder)))
  const settings = { DATA_DIR: folder, SCHEMA_REGISTRY_URL: `https://127.0.0.1:${port}` }
  const { code, lines } = await looked('results', settings)
  expect(code).toBe(EXIT.configuration)
  expect(lines).toEqual([expect.stringMatching(/REGISTRY_REFUSED.*certificate.*NODE_EXTRA_CA_CERTS/)])
})

it('the error for a registry that does not speak TLS differs from that for one that is away', async () => {
  const port = await portOf(createServer())
  const settings = { DATA_DIR: await answered(), SCHEMA_REGISTRY_URL: `https://127.0.0.1:${port}` }
  const { code, lines } = await looked('results', settings)
  expect(code).toBe(EXIT.configuration)
  expect(lines).toEqual([expect.stringMatching(/REGISTRY_REFUSED.*check http or https/)])
})

it('brokers with an untrusted certificate end the command, and the error names the setting', async () => {
  const port = await portOf(createTlsServer(selfSigned(dataFolder())))
  const settings = { KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_SSL: 'true' }
  for (const words of ['lag', 'results', 'dlq list', 'state get admit q1']) {
    const { code, lines } = await looked(words, settings)
    expect(code, words).toBe(EXIT.configuration)
    expect(lines).toEqual([
      expect.stringMatching(/CONFIGURATION_INVALID/),
      expect.stringMatching(/KAFKA_SSL_CA_FILE/),
    ])
  }
})

it('brokers that speak another protocol than TLS end the command, and the error names the setting', async () => {
  const port = await portOf(createPlainServer(socket => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  const settings = { KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_SSL: 'true' }
  const { code, lines } = await looked('lag', settings)
  expect(code).toBe(EXIT.configuration)
  expect(lines.join('\n')).toMatch(/CONFIGURATION_INVALID[\s\S]*leave out ssl \(KAFKA_SSL\)/)
})

it('the error for brokers that end each connection names both remedies: with TLS, or without', async () => {
  const port = await portOf(createPlainServer(socket => void socket.destroy()))
  const KAFKA_BROKERS = `127.0.0.1:${port}`
  const plain = await looked('lag', { KAFKA_BROKERS }, hastySystem)
  expect(plain).toMatchObject({ code: EXIT.unavailable })
  expect(plain.lines.join()).toContain('set KAFKA_SSL=true where the listener is encrypted')
  const secure = await looked('lag', { KAFKA_BROKERS, KAFKA_SSL: 'true' }, hastySystem)
  expect(secure).toMatchObject({ code: EXIT.unavailable })
  expect(secure.lines.join()).toContain('leave out KAFKA_SSL')
})
