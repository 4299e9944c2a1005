/** Every setting that holds a secret, echoed wherever somebody else may quote it: no output and no topic has it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { SETTINGS } from '#cli/configuration.ts'
import { main } from '#cli/main.ts'
import { realSystem } from '#core/system.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { hastySystem, surroundings } from '../../unit/cli/surroundings.ts'

const SECRET = 'sk-5ecret-0123456789-abcdef'
/** How a text may carry it. */
const FORMS = [SECRET, ...[`ada:${SECRET}`, `${SECRET}:`].map(text => Buffer.from(text).toString('base64'))]
/** Long enough that a part of it tells. */
const BEGINNING = SECRET.slice(0, 12)

const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

interface Echo {
  readonly port: number
  /** Whether anybody has sent the secret here. */
  readonly wasTold: () => boolean
}

/** Answers as the question says, and quotes all that it was sent: headers, address and body. It is a proxy too, of a kind. */
async function echo(): Promise<Echo> {
  let told = ''
  const server = createServer((request, response) => {
    let body = ''
    told += quoteOf(request)
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => answer(request, response, body))
  })
  server.on('connect', (request, socket) => {
    told += quoteOf(request)
    socket.end(`HTTP/1.1 407 ${request.headers['proxy-authorization']}\r\n\r\n${quoteOf(request)}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  releases.push(
    () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  return { port, wasTold: () => FORMS.some(form => told.includes(form)) }
}

const quoteOf = ({ url, headers }: IncomingMessage): string => `${url} ${JSON.stringify(headers)}`

const KINDS = ['200', '400', '401', '403', '404', '422', '500', '302', 'page', 'cut', 'edge'] as const

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const kind = /answer as (\w+)/.exec(body)?.[1] ?? '401'
  const quoted = `${quoteOf(request)} ${body.slice(0, 100)}`
  const { authorization, 'proxy-authorization': proxied } = request.headers
  const auth = String(proxied ?? authorization)
  const send = (status: number, text: string, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  if (kind === '200')
    send(200, JSON.stringify({ model: quoted, choices: [{ message: { content: quoted } }] }))
  else if (kind === '302') send(302, '', { location: `${'/x'.repeat(145)}${auth}${quoted}` })
  else if (kind === 'page') send(200, `<html>${quoted}</html>`, { 'content-type': 'text/html' })
  else if (kind === 'cut') send(200, JSON.stringify({ choices: quoted }).slice(0, -2))
  // The secret lies across the place where long reasons are cut.
  else if (kind === 'edge') send(400, JSON.stringify({ error: { message: `${'x'.repeat(975)} ${auth}` } }))
  else send(Number(kind), JSON.stringify({ error: { message: quoted }, error_code: 40_101, message: quoted }))
}

/** The run left files behind: none of them has it, nor the room between their entries. */
function expectNoneIn(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(each => each.isFile())
  const found = files.flatMap(({ parentPath, name }) =>
    quotesOf(readFileSync(join(parentPath, name), 'latin1')).map(quote => ({ name, quote })),
  )
  expect(files.length).toBeGreaterThan(0)
  expect(found).toEqual([])
}

/** Settings that are secrets, or addresses that may carry one. A new one is here by itself. */
const rows = Object.values(SETTINGS).filter(row => 'secret' in row || row.type === 'address')
/** Their services are not asked by this version, or were away here. */
const SENT_TO_NOBODY = ['DATABASE_URL', 'REDIS_URL', 'KAFKA_SASL_PASSWORD', 'OTEL_EXPORTER_OTLP_HEADERS']
const SCHEMES: Readonly<Record<string, string>> = { DATABASE_URL: 'postgres', REDIS_URL: 'redis' }

function environmentOf(name: string, value: string, port: number, folder: string) {
  const here = `http://127.0.0.1:${port}/v1`
  return {
    DATA_DIR: folder,
    OPENAI_BASE_URL: here,
    // A second endpoint is asked only once the first is away.
    ...(name.includes('FALLBACK') && {
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
      OPENAI_FALLBACK_BASE_URL: here,
    }),
    ...(name === 'HTTPS_PROXY' && { OPENAI_BASE_URL: 'https://provider.test/v1' }),
    ...(name.startsWith('KAFKA') && {
      KAFKA_BROKERS: '127.0.0.1:1',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'ada',
    }),
    MAX_ATTEMPTS: '1',
    RETRY_BASE_MS: '1',
    RETRY_CAP_MS: '5',
    LOG_LEVEL: 'debug',
    [name]: value,
  }
}

/** Said by what goes on trying until somebody puts it right. */
const WAITS_FOR_EVER = /cannot be used|no reply can be read|schema registry does not answer/

async function outputsOf(environment: Readonly<Record<string, string>>, words: readonly string[]) {
  const system = 'KAFKA_BROKERS' in environment ? hastySystem : realSystem
  const { world, stdout, stderr, stop } = surroundings({ environment, system })
  void stderr.until(WAITS_FOR_EVER).then(stop)
  await main(words, world)
  return stdout.text + stderr.text
}

function expectNone(text: string): void {
  expect(quotesOf(text)).toEqual([])
}

/** Where it is quoted, with what is around it: the whole text would be megabytes of a file. */
function quotesOf(text: string): readonly string[] {
  return [...FORMS, BEGINNING]
    .map(form => text.indexOf(form))
    .filter(at => at >= 0)
    .map(at => text.slice(Math.max(0, at - 100), at + 100))
}

describe.each(rows.map(row => [row.environment, row.type] as const))('the secret in %s', (name, type) => {
  const path = name.endsWith('_PROXY') ? '' : '/v1'
  const around = (secret: string, port: number) =>
    type === 'address' ? `${SCHEMES[name] ?? 'http'}://ada:${secret}@127.0.0.1:${port}${path}` : secret

  it('is in no output and no topic', async () => {
    const folder = dataFolder()
    const input = join(folder, 'questions.ndjson')
    const titles = KINDS.map(kind => JSON.stringify({ id: kind, title: `Please answer as ${kind}.` }))
    writeFileSync(input, `${titles.join('\n')}\n`)
    const [named, other] = [await echo(), await echo()]
    const environment = environmentOf(name, around(SECRET, named.port), other.port, folder)
    const words = name.startsWith('KAFKA') ? ['lag'] : ['start', '--exit', '--json', '--input', input]
    const text = await outputsOf(environment, words)
    expect(text).not.toBe('')
    expectNone(text)
    expectNoneIn(folder)
    expect(named.wasTold() || other.wasTold()).toBe(!SENT_TO_NOBODY.includes(name))
  })

  it('is in no message about an invalid value of its setting', async () => {
    const folder = dataFolder()
    const faulty = [
      `${SECRET}\nx`,
      `htps://ada:${SECRET}@host`,
      `http://ada:x/${SECRET}@host`,
      `ada:${SECRET}@h`,
    ]
    for (const value of faulty) {
      const environment = environmentOf(name, value, 1, folder)
      expectNone(await outputsOf(environment, ['lag']))
    }
  })
})

it('a key in the query of an address is in no output and no topic', async () => {
  const folder = dataFolder()
  const input = join(folder, 'questions.ndjson')
  writeFileSync(
    input,
    `${KINDS.map(kind => JSON.stringify({ title: `Please answer as ${kind}.` })).join('\n')}\n`,
  )
  const { port, wasTold } = await echo()
  const address = `http://127.0.0.1:${port}/v1?api-key=${SECRET}`
  const text = await outputsOf(environmentOf('OPENAI_BASE_URL', address, 1, folder), [
    'start',
    '--exit',
    '--input',
    input,
  ])
  expectNone(text)
  expectNoneIn(folder)
  expect(wasTold()).toBe(true)
})

it('the list of settings that are secrets is not empty', () => {
  expect(rows.length).toBeGreaterThan(5)
})
