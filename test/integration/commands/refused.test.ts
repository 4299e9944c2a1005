/** Outside parts that refuse `caudal start` from its first call on: it ends by itself, with what to do. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { summaryOf } from '../../cli/process.ts'
import { saying, send, startProvider, VERDICT } from '../../cli/provider.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { surroundings } from '../../unit/cli/surroundings.ts'

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}` // It listens on TCP.
}

it.each([401, 403])(
  'a registry that refuses the login by %i ends the start, and the error names its setting',
  async status => {
    const host = await answering(status, '{"error_code":40101,"message":"Unauthorized"}')
    const environment = { DATA_DIR: dataFolder(), SCHEMA_REGISTRY_URL: `http://ana:hush-hush@${host}` }
    const { world, stderr } = surroundings({ environment })
    expect(await main(['start', '--exit'], world)).toBe(EXIT.configuration)
    expect(stderr.text).toMatch(
      /^caudal start: REGISTRY_REFUSED: .*SCHEMA_REGISTRY_URL, as http:\/\/USER:PASSWORD@HOST\n$/m,
    )
    expect(stderr.text).toContain(host)
    expect(stderr.text).not.toContain('hush-hush')
  },
)

it('a provider that refuses the key of all calls ends the start, and the questions stay in the log', async () => {
  const host = await answering(401, '{"error":{"message":"Incorrect API key"}}')
  const folder = dataFolder()
  const file = join(folder, 'questions.ndjson')
  writeFileSync(file, Array.from({ length: 30 }, (_, id) => `{"id":${id},"text":"Why ${id}?"}\n`).join(''))
  const environment = {
    DATA_DIR: folder,
    OPENAI_BASE_URL: `http://${host}/v1`,
    OPENAI_API_KEY: 'sk-hush-hush',
  }
  const { world, stdout, stderr } = surroundings({ environment: { ...environment, LOG_LEVEL: 'error' } })
  expect(await main(['start', '--exit', '--json', '--input', file], world)).toBe(EXIT.configuration)
  expect(stderr.text).toMatch(
    /^caudal start: every call is refused by http:.*: 401 Incorrect API key; check OPENAI_API_KEY\. What has no answer is/m,
  )
  expect(stderr.text).not.toContain('sk-hush-hush')
  expect(summaryOf(stdout.text)).toMatchObject({ inputs: 30, delivered: 0 })
}, 60_000)

it('a provider that refuses every call costs an only pair of questions no attempt, whatever its error is', async () => {
  const ends = [401, 402, 403, 404].map(async status => {
    const host = await answering(status, '{"error":{"message":"not you"}}')
    const folder = dataFolder()
    const file = join(folder, 'questions.ndjson')
    writeFileSync(file, '{"id":1,"text":"Why one?"}\n{"id":2,"text":"Why two?"}\n')
    const environment = { DATA_DIR: folder, OPENAI_BASE_URL: `http://${host}/v1`, RETRY_BASE_MS: '50' }
    const { world, stdout, stderr } = surroundings({ environment: { ...environment, LOG_LEVEL: 'error' } })
    expect(await main(['start', '--exit', '--json', '--input', file], world)).toBe(EXIT.configuration)
    expect(stderr.text).toContain(`${status} not you`)
    expect(summaryOf(stdout.text)).toMatchObject({ inputs: 2, delivered: 0, failed: 0, attempts: 0 })
  })
  await Promise.all(ends)
}, 60_000)

it('a judge whose verdicts cannot be read ends the start with the reason, after few purchases', async () => {
  const said = JSON.stringify({ choices: [{ message: { content: 'Quite good.' }, finish_reason: 'stop' }] })
  const host = await answering(200, said)
  const folder = dataFolder()
  const file = join(folder, 'questions.ndjson')
  writeFileSync(file, Array.from({ length: 30 }, (_, id) => `{"id":${id},"text":"Why ${id}?"}\n`).join(''))
  const environment = { DATA_DIR: folder, OPENAI_BASE_URL: `http://${host}/v1`, RETRY_BASE_MS: '50' }
  const { world, stdout, stderr } = surroundings({ environment: { ...environment, LOG_LEVEL: 'error' } })
  expect(await main(['start', '--exit', '--json', '--input', file], world)).toBe(EXIT.configuration)
  expect(stderr.text).toMatch(
    /^caudal start: no call is made, since the last 10 replies asked for as verdict could not be read: .*\. What has no answer is/m,
  )
  expect(summaryOf(stdout.text)).toMatchObject({ inputs: 30, delivered: 0 })
}, 60_000)

it.each([503, 529, 429])(
  'a provider that answers %i twenty times costs an only pair of questions no attempt',
  async status => {
    let refused = 0
    const { baseUrl } = await startProvider(({ isJudge }, response) => {
      if (refused >= 20) return send(response, saying(isJudge ? VERDICT : 'It cuts the current.'))
      refused++
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end('{"error":{"message":"not now"}}')
    })
    const folder = dataFolder()
    const file = join(folder, 'questions.ndjson')
    writeFileSync(file, '{"id":1,"text":"Why one?"}\n{"id":2,"text":"Why two?"}\n')
    const retry = { RETRY_BASE_MS: '20', RETRY_CAP_MS: '50', MAX_ATTEMPTS: '1' }
    const environment = { DATA_DIR: folder, OPENAI_BASE_URL: baseUrl, LOG_LEVEL: 'error', ...retry }
    const { world, stdout, stderr } = surroundings({ environment })
    expect(await main(['start', '--exit', '--json', '--input', file], world), stderr.text).toBe(EXIT.ok)
    expect(refused).toBe(20)
    expect(summaryOf(stdout.text)).toMatchObject({ inputs: 2, delivered: 2, failed: 0 })
  },
  60_000,
)
