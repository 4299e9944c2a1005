/** One server for several kinds of routes. */
import { afterEach, expect, it } from 'vitest'
import { type HttpServer, type Route, serveHttp } from '#observability/http-server.ts'
import { Probes, serveProbes } from '#observability/probes.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
})

const probes = new Probes()
const echo: Route = {
  path: '/echo',
  method: 'POST',
  answer: async request => ({ status: 202, body: { text: String((await request.toArray()).join('')) } }),
}
const failing: Route = { path: '/echo', method: 'GET', answer: () => Promise.reject(new TypeError('away')) }

async function served(...routes: readonly Route[]): Promise<HttpServer> {
  const server = await serveHttp({ port: 0, host: '127.0.0.1', routes })
  opened.push(server)
  return server
}

async function asked({ url }: { readonly url: string }, path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init)
  const text = await response.text()
  return { status: response.status, body: text && JSON.parse(text) }
}

it('the server serves probes beside other routes, each by its path and method', async () => {
  const server = await served(...probes.routes, echo)
  expect(await asked(server, '/live?verbose')).toEqual({ status: 200, body: { ok: true, reasons: [] } })
  expect((await asked(server, '/live', { method: 'HEAD' })).status).toBe(200)
  expect(await asked(server, '/echo', { method: 'POST', body: 'hi' })).toEqual({
    status: 202,
    body: { text: 'hi' },
  })
})

it('the server names the routes that exist, and the methods of a route', async () => {
  const server = await served(...probes.routes, echo)
  const refused = (reason: string) => ({ ok: false, reasons: [reason] })
  expect(await asked(server, '/')).toEqual({
    status: 404,
    body: refused('there are /live, /ready and /echo'),
  })
  expect(await asked(server, '/echo')).toEqual({ status: 405, body: refused('it must be a POST') })
})

it('the server answers 503 with the reason where a route fails', async () => {
  const server = await served(echo, failing)
  expect(await asked(server, '/echo')).toEqual({ status: 503, body: { ok: false, reasons: ['away'] } })
})

it('a server of probes alone names their two paths', async () => {
  const alone = await serveProbes({ port: 0 })
  opened.push(alone)
  expect(alone.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await asked(alone, '/metrics')).toEqual({
    status: 404,
    body: { ok: false, reasons: ['there are /live and /ready'] },
  })
  expect(await asked(alone, '/ready', { method: 'POST' })).toEqual({
    status: 405,
    body: { ok: false, reasons: ['it must be a GET'] },
  })
})
