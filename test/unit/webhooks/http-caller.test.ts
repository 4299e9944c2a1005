/** Calls of endpoints over real HTTP: what is sent, where it may go, and what a reply comes to. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AddressRules } from '#webhooks/addresses.ts'
import { HttpCaller } from '#webhooks/http-caller.ts'
import type { WebhookFailure } from '#webhooks/webhook.ts'
import { selfSigned } from '../../cli/certificate.ts'
import { CHECKS, message, NEXT_SECRET, optionsOf, SECRET } from './caller-checks.ts'
import { PLANTED } from './planted-callers.ts'
import { isSignedWith, type Receiver, startReceiver, status } from './receiver.ts'

describe('a caller of endpoints', () => {
  it.each(Object.entries(CHECKS))('%s', async (_, check) => {
    expect(await check(options => new HttpCaller(options))).toBeUndefined()
  })

  it.each(Object.entries(PLANTED))('with the planted bug "%s" is found out', async (_, [check, make]) => {
    expect(await CHECKS[check](make)).toEqual(expect.any(String))
  })
})

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver[Symbol.asyncDispose]())

const unaborted = () => new AbortController().signal
const failureOf = (caller: HttpCaller, url: string): Promise<WebhookFailure> =>
  caller.call(message(url), unaborted()).then(
    taken => expect.fail(`it was taken: ${taken.status}`),
    (failure: WebhookFailure) => failure,
  )

/** Answers the first bytes of each connection with this text, and closes the connection. */
async function rawServer(reply: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(socket => {
    socket.on('error', () => undefined) // The caller may be gone first.
    socket.once('data', () => socket.end(reply))
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () => new Promise(resolve => void server.close(() => resolve())),
  }
}

describe('a call', () => {
  it('has the headers of the standard, the name of the machine, and a signature for each of two secrets', async () => {
    const caller = new HttpCaller(optionsOf({ secretsOf: async () => [NEXT_SECRET, SECRET] }))
    const taken = await caller.call(message(receiver.url('/hook?a=1', 'hooks.example')), unaborted())
    expect(taken).toMatchObject({ status: 204, at: expect.any(Number), latencyMs: expect.any(Number) })
    const [received] = receiver.received
    expect(received?.path).toBe('/hook?a=1')
    expect(received?.headers).toMatchObject({
      host: `hooks.example:${receiver.port}`,
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    })
    expect(received && [SECRET, NEXT_SECRET].map(secret => isSignedWith(secret, received))).toEqual([
      true,
      true,
    ])
  })

  it('fails with the status, and the time before which it is not repeated', async () => {
    receiver.answer = status(503, { 'retry-after': '7' })
    const failure = await failureOf(new HttpCaller(optionsOf()), receiver.url('/'))
    expect(failure).toMatchObject({
      code: 'WEBHOOK_FAILED',
      isCalled: true,
      isParked: false,
      retryAfterMs: 7_000,
    })
    expect(failure.message).toContain('status 503')
  })

  it('fails when no reply comes in time, and when nobody listens', async () => {
    receiver.answer = () => {}
    const slow = await failureOf(new HttpCaller(optionsOf({ timeoutMs: 50 })), receiver.url('/'))
    expect(slow).toMatchObject({ reason: 'no reply within 50 ms', isCalled: true })
    const gone = await startReceiver()
    await gone[Symbol.asyncDispose]()
    const away = await failureOf(new HttpCaller(optionsOf()), gone.url('/'))
    expect(away).toMatchObject({ reason: 'ECONNREFUSED', isCalled: true })
  })

  it('reads little of a reply, and takes the status of one that does not end', async () => {
    let written = 0
    receiver.answer = response => {
      response.writeHead(200)
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
      }
      response.on('drain', more)
      more()
    }
    const caller = new HttpCaller(optionsOf())
    expect((await caller.call(message(receiver.url('/')), unaborted())).status).toBe(200)
    expect(written).toBeLessThan(50_000_000)
  })

  it('fails when the endpoint changes to another protocol, or closes the connection without a reply', async () => {
    const replies = ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n', '']
    const reasons: string[] = []
    for (const reply of replies) {
      await using raw = await rawServer(reply)
      reasons.push((await failureOf(new HttpCaller(optionsOf()), raw.url)).reason)
    }
    expect(reasons).toEqual(['status 101', 'ECONNRESET'])
  })

  it('has the status of a reply that breaks off', async () => {
    await using raw = await rawServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    const taken = await new HttpCaller(optionsOf()).call(message(raw.url), unaborted())
    expect(taken.status).toBe(200)
  })

  it('is not made without a secret', async () => {
    const failure = await failureOf(
      new HttpCaller(optionsOf({ secretsOf: async () => [] })),
      receiver.url('/'),
    )
    expect(failure).toMatchObject({ isCalled: false })
    expect(receiver.received).toEqual([])
  })

  it('in plain HTTP goes to an allowed address alone', async () => {
    const options = optionsOf({ resolve: async () => ['93.184.216.34'] })
    const failure = await failureOf(new HttpCaller(options), 'http://hooks.example/')
    expect(failure.reason).toBe('a public endpoint must be https')
  })

  it('is refused where one of several addresses is inside', async () => {
    const options = optionsOf({ resolve: async () => ['93.184.216.34', '10.0.0.1'] })
    const failure = await failureOf(new HttpCaller(options), 'https://hooks.example/')
    expect(failure.reason).toContain('10.0.0.1, an address inside')
  })

  it('says nothing of a query, which may hold a secret', async () => {
    receiver.answer = status(500)
    const failure = await failureOf(new HttpCaller(optionsOf()), receiver.url('/hook?token=hidden'))
    expect(failure.message).not.toContain('hidden')
    expect(JSON.stringify(failure.details)).not.toContain('hidden')
  })

  it('ends with the signal of its caller', async () => {
    receiver.answer = () => {}
    const ending = new AbortController()
    const call = new HttpCaller(optionsOf()).call(message(receiver.url('/')), ending.signal)
    await expect.poll(() => receiver.received.length).toBe(1)
    ending.abort(new TypeError('the task leaves'))
    await expect(call).rejects.toThrow('the task leaves')
  })
})

describe('a call over TLS', () => {
  let folder: string
  let secure: Receiver
  const trusted = getCACertificates('default')
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'caudal-webhooks-'))
    const tls = selfSigned(folder)
    secure = await startReceiver({ tls })
    setDefaultCACertificates([...trusted, tls.cert.toString()])
  })
  afterEach(async () => {
    setDefaultCACertificates([...trusted])
    await secure[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('takes the certificate of the address, and refuses one of another name', async () => {
    const caller = new HttpCaller(optionsOf({ addresses: new AddressRules(['127.0.0.1']) }))
    expect((await caller.call(message(secure.url('/')), unaborted())).status).toBe(204)
    const failure = await failureOf(caller, secure.url('/', 'hooks.example'))
    expect(failure.reason).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(secure.received).toHaveLength(1)
  })
})
