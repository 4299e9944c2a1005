/** What `caudal load` refuses before it sends anything, and how it ends where nothing is acknowledged. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { surroundings } from './surroundings.ts'

async function loaded(...words: readonly string[]) {
  const { world, stdout, stderr } = surroundings()
  return { code: await main(['load', ...words], world), stdout: stdout.text, stderr: stderr.text }
}

const GATEWAY = ['--gateway', 'http://127.0.0.1:9']

it.each([
  ['a rate of nothing', ['--rate', '0'], 'nothing would be sent'],
  ['no time', ['--duration', '0s'], 'nothing would be sent'],
  ['a burst at the end', ['--burst', '5@30s'], '--burst 5@30s has a moment at or behind the end'],
  ['a burst behind the end', ['--burst', '5@1s,5@3s', '--duration', '2s'], 'the end of --duration 2s'],
  [
    'organisations at a gateway',
    [...GATEWAY, '--organisations', 'acme=1'],
    'the key says which organisation',
  ],
  ['a query', ['--gateway', 'http://127.0.0.1:9/?a=b'], 'without a query'],
  ['credentials', ['--gateway', 'http://a:b@127.0.0.1:9'], '--key-file has the key'],
])('refuses %s in a sentence', async (_, words, sentence) => {
  const { code, stderr } = await loaded(...words)
  expect(stderr).toContain(sentence)
  expect(code).toBe(EXIT.usage)
})

async function served(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('/events')) return answer(request, response)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return `http://127.0.0.1:${port}`
}

const SHORT = ['--rate', '1', '--duration', '1s', '--drain', '0s']

it('ends with 1 where nothing was acknowledged, though all was refused', async () => {
  const url = await served((_, response) => void response.writeHead(429).end())
  const { code, stdout } = await loaded('--gateway', url, ...SHORT)
  expect(stdout).toContain('nothing was acknowledged')
  expect(stdout).toContain('1 not taken: HTTP 429')
  expect(code).toBe(EXIT.failed)
})

it('asks under the path of the gateway, and not afresh where questions repeat', async () => {
  const asked: unknown[] = []
  const url = await served(async (request, response) => {
    asked.push([request.url, JSON.parse(Buffer.concat(await request.toArray()).toString()).fresh])
    response.writeHead(200).end('{"hit":true,"task_id":"known"}')
  })
  const { code } = await loaded('--gateway', `${url}/llm/`, '--repeat', '0.5', ...SHORT)
  expect(asked).toEqual([['/llm/query', undefined]])
  expect(code).toBe(EXIT.ok)
})
