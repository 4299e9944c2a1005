/** Calls by way of a proxy: who is asked, with what, and what is said when it refuses. */
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { openAi } from '#models/openai.ts'
import { answering, call, completion, failureOf, REQUEST, releases } from './answering.ts'

const OK = completion({ message: { content: 'ok' } })

/** A proxy that hands calls on, or refuses them with the status. */
async function proxying(refusal?: number) {
  const seen: { asked: string; authorization: string | undefined }[] = []
  const note = ({ method, url, headers }: IncomingMessage) =>
    seen.push({ asked: `${method} ${url}`, authorization: headers['proxy-authorization'] })
  const server = createServer((request, response) => {
    note(request)
    if (refusal !== undefined) return response.writeHead(refusal).end()
    const { port, pathname } = new URL(request.url ?? '')
    request.resume()
    fetch(`http://127.0.0.1:${port}${pathname}`, { method: 'POST', body: '{}' }).then(async reply => {
      response.writeHead(reply.status, { 'content-type': 'application/json' })
      response.end(await reply.text())
    })
    return undefined
  })
  server.on('connect', (request, socket) => {
    note(request)
    if (refusal !== undefined) return socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`)
    const [, port] = (request.url ?? '').split(':')
    const target = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    for (const each of [target, socket]) each.on('error', () => socket.destroy())
    return undefined
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
  return { seen, url: `http://user:pa%2Fss@127.0.0.1:${port}`, shown: `http://127.0.0.1:${port}` }
}

function provider(baseUrl: string, url: string, except = '') {
  const model = openAi({ baseUrl, model: 'm', apiKey: 'sk-secret-key', proxy: { url, except } })
  releases.push(() => model.close())
  return model
}

test('the client sends the whole address of the endpoint to a proxy, with the user and password of the proxy', async () => {
  const { baseUrl } = await answering(OK)
  const proxy = await proxying()
  const reply = await provider(baseUrl.replace('127.0.0.1', 'provider.test'), proxy.url).complete(
    REQUEST,
    call(),
  )
  expect(reply.text).toBe('ok')
  const [{ asked, authorization } = { asked: '', authorization: '' }] = proxy.seen
  expect(asked).toMatch(/provider\.test:\d+/)
  expect(authorization).toBe(`Basic ${Buffer.from('user:pa/ss').toString('base64')}`)
})

test.each([
  ['its name', 'other.test, 127.0.0.1'],
  ['everything', '*'],
])('the client calls a host directly that %s excepts', async (_, except) => {
  const { baseUrl, seen } = await answering(OK)
  const proxy = await proxying()
  await provider(baseUrl, proxy.url, except).complete(REQUEST, call())
  expect(seen).toHaveLength(1)
  expect(proxy.seen).toEqual([])
})

test('the client reaches an https endpoint through a tunnel, so that the proxy sees neither key nor text', async () => {
  const proxy = await proxying()
  const { baseUrl } = await answering(OK)
  const address = baseUrl.replace('http://127.0.0.1', 'https://provider.test')
  // The server behind the tunnel speaks no TLS: that it is asked at all is what is looked at.
  await failureOf(provider(address, proxy.url).complete(REQUEST, call()))
  expect(proxy.seen[0]?.asked).toMatch(/^CONNECT provider\.test:\d+$/)
})

test.each([
  ['http', 403],
  ['http', 407],
  ['https', 403],
  ['https', 407],
])(
  'a proxy that refuses a call of %s with %d is named without its password, before any time limit',
  async (scheme, status) => {
    const proxy = await proxying(status)
    const model = provider(`${scheme}://provider.test/v1`, proxy.url)
    const error = await failureOf(model.complete(REQUEST, call()))
    expect(error.errorType).not.toBe('timeout')
    expect(error.message).toContain(String(status))
    expect(JSON.stringify([error, error.message, error.reason])).not.toMatch(/pa%2Fss|pa\/ss|secret/)
  },
)

test('the error for a proxy that is away names the proxy and the endpoint', async () => {
  const error = await failureOf(
    provider('https://provider.test/v1', 'http://127.0.0.1:1').complete(REQUEST, call()),
  )
  expect(error.errorType).toBe('unavailable')
  expect(error.reason).toBe(
    'https://provider.test/v1 cannot be reached by the proxy http://127.0.0.1:1 (ECONNREFUSED); check OPENAI_BASE_URL, HTTP_PROXY, HTTPS_PROXY and NO_PROXY',
  )
})
