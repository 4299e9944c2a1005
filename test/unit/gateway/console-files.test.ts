/** The files of the console, as the gateway serves them. */
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import type { ConsoleMode } from '#gateway/http/console-files.ts'
import { gatewayServer } from '#gateway/http/server.ts'
import type { KeyRing } from '#gateway/keys.ts'
import { HeldKeys, ringOf } from './held-keys.ts'

const serverOf = (consoleMode: ConsoleMode, keys?: KeyRing) =>
  gatewayServer({
    ...{ gateway: () => undefined, name: 'gate', logger: silent, system: realSystem, routes: [] },
    ...{ consoleMode, keys },
  })

it('the gateway serves a module without its types, libraries by their addresses, and every module that it imports', async () => {
  const server = serverOf('read')
  const seen = new Set<string>()
  const waiting = ['/console/main.ts']
  for (const url of waiting) {
    if (seen.has(url)) continue
    seen.add(url)
    const { statusCode, body, headers } = await server.inject({ url })
    expect([url, statusCode, headers['content-type']]).toEqual([url, 200, 'text/javascript; charset=utf-8'])
    const named = [...body.matchAll(/(?:\bfrom|\bimport)\s*["']([^"'\s]+)["']/g)].map(([, name = '']) => name)
    for (const name of named) waiting.push(new URL(name, `http://x${url}`).pathname)
    expect(named.filter(name => !/^[./]/.test(name))).toEqual([])
  }
  expect(seen.size).toBeGreaterThan(25)
})

it('the gateway serves each file of the console under the strict policy, with a tag against a second transfer', async () => {
  const server = serverOf('read')
  const first = await server.inject({ url: '/console/', headers: { 'accept-encoding': 'gzip' } })
  const policy = String(first.headers['content-security-policy'])
  expect(policy).toContain("default-src 'self';")
  expect(policy).not.toMatch(/unsafe|nonce|sha\d|\*|data:|blob:/)
  expect(gunzipSync(first.rawPayload).toString()).toContain('data-mode="read"')
  const again = await server.inject({
    url: '/console/',
    headers: { 'if-none-match': String(first.headers.etag) },
  })
  expect([again.statusCode, again.body]).toEqual([304, ''])
})

it.each([
  '/console/../package.json',
  '/console/..%2fpackage.json',
  '/console/tsconfig.json',
  '/console/lib/x',
  '/console/pages/',
])('the gateway serves no file of the console for %s', async url => {
  const { statusCode, body } = await serverOf('read').inject({ url })
  expect([statusCode, JSON.parse(body).code]).toEqual([404, 'route_unknown'])
})

it('the scripts and styles of the console take less than 150 kB on the wire', async () => {
  const server = serverOf('read')
  let bytes = 0
  const seen = new Set<string>()
  // A reader fetches one catalogue of words, and the Spanish one is the longest.
  const words = '/console/words/es.ts'
  const styles = ['/console/console.css', '/console/lib/uplot/dist/uPlot.min.css']
  const waiting = ['/console/main.ts', words, ...styles]
  for (const url of waiting) {
    if (seen.has(url)) continue
    seen.add(url)
    const reply = await server.inject({ url, headers: { 'accept-encoding': 'gzip' } })
    bytes += reply.rawPayload.length
    const text = gunzipSync(reply.rawPayload).toString()
    for (const [, name = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*["']([^"'\s]+)["']/g))
      waiting.push(new URL(name, `http://x${url}`).pathname)
  }
  expect(bytes).toBeLessThan(150_000)
})

it('the gateway does not serve the console when it is off, nor to another machine', async () => {
  expect((await serverOf('off').inject({ url: '/console/' })).statusCode).toBe(404)
  const other = await serverOf('read').inject({ url: '/console/', remoteAddress: '192.0.2.7' })
  expect(other.statusCode).toBe(404)
})

it('the gateway serves the console to other machines where it has keys, since the pages hold nothing', async () => {
  const server = serverOf('read', await ringOf(new HeldKeys()))
  const page = await server.inject({ url: '/console/', remoteAddress: '192.0.2.7' })
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  const asked = await server.inject({ url: '/whoami', remoteAddress: '192.0.2.7' })
  expect([asked.statusCode, JSON.parse(asked.body).code]).toEqual([401, 'unauthenticated'])
})
