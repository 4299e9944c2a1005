/** What every caller of endpoints must do, as checks that a planted bug must fail. */

import { realSystem } from '#core/system.ts'
import { AddressRules } from '#webhooks/addresses.ts'
import type { HttpCallerOptions } from '#webhooks/http-caller.ts'
import type { WebhookCaller, WebhookMessage } from '#webhooks/webhook.ts'
import { isSignedWith, type Receiver, startReceiver, status } from './receiver.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const NEXT_SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`

export type MakeCaller = (options: HttpCallerOptions) => WebhookCaller

/** Nothing where the caller does what it must; else what it did. */
export type Check = (make: MakeCaller) => Promise<string | undefined>

export const message = (url: string, more: Partial<WebhookMessage> = {}): WebhookMessage => ({
  id: 'msg_1',
  organization: 'acme',
  // Spaces and an escape that a second serialising would change.
  body: '{"type": "answer.delivered",  "data": {"answer": "caf\\u00e9 \u00fc"}}',
  ...more,
  url,
})

export const optionsOf = (more: Partial<HttpCallerOptions> = {}): HttpCallerOptions => ({
  secretsOf: async () => [SECRET],
  addresses: new AddressRules(['127.0.0.1']),
  resolve: async () => ['127.0.0.1'],
  system: realSystem,
  ...more,
})

const unaborted = () => new AbortController().signal

/** What the call came to: the status, or why there is none. */
async function outcome(caller: WebhookCaller, sent: WebhookMessage): Promise<string> {
  try {
    return String((await caller.call(sent, unaborted())).status)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function signsWhatItSends(make: MakeCaller): Promise<string | undefined> {
  await using receiver = await startReceiver()
  const sent = message(receiver.url('/hook'))
  await outcome(make(optionsOf()), sent)
  const [received] = receiver.received
  if (!received) return 'nothing was sent'
  if (received.body.toString() !== sent.body) return `another body was sent: ${received.body}`
  return isSignedWith(SECRET, received) ? undefined : 'the signature is not that of the bytes'
}

/** On two addresses of this machine. A port that is free on the first may be taken on the second by another program. */
async function receiversOfOnePort() {
  for (;;) {
    const permitted = await startReceiver({ host: '127.0.0.2' })
    const inner = await startReceiver({ host: '127.0.0.1', port: permitted.port }).catch(() => undefined)
    if (inner) {
      const parts = new AsyncDisposableStack()
      parts.use(permitted)
      parts.use(inner)
      return { permitted, inner, [Symbol.asyncDispose]: () => parts.disposeAsync() }
    }
    await permitted[Symbol.asyncDispose]()
  }
}

/** The name has a permitted address at the first look, and an inner one at every other. */
async function connectsToWhatItChecked(make: MakeCaller): Promise<string | undefined> {
  await using receivers = await receiversOfOnePort()
  const { permitted, inner } = receivers
  let looks = 0
  const resolve = async () => [looks++ === 0 ? '127.0.0.2' : '127.0.0.1']
  const addresses = new AddressRules(['127.0.0.2'])
  const came = await outcome(
    make(optionsOf({ resolve, addresses })),
    message(permitted.url('/', 'hooks.example')),
  )
  if (inner.received.length > 0) return 'an address was called that was never checked'
  if (looks !== 1) return `the name was looked up ${looks} times`
  return permitted.received.length === 1 ? undefined : `the address that was checked was not called: ${came}`
}

async function followsNoRedirect(make: MakeCaller): Promise<string | undefined> {
  await using other = await startReceiver()
  await using receiver = await startReceiver()
  for (const code of [301, 302, 303, 307, 308]) {
    receiver.answer = status(code, { location: other.url('/elsewhere') })
    const came = await outcome(make(optionsOf()), message(receiver.url('/')))
    if (other.received.length > 0) return `it followed a redirect of status ${code}`
    if (!came.includes(`status ${code}`)) return `a redirect of status ${code} came to: ${came}`
  }
  return receiver.received.length === 5 ? undefined : 'it called more than once'
}

async function keepsTheIdentity(make: MakeCaller): Promise<string | undefined> {
  await using receiver = await startReceiver()
  receiver.answer = status(500)
  const caller = make(optionsOf())
  for (let attempt = 0; attempt < 2; attempt++) await outcome(caller, message(receiver.url('/')))
  const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
  return ids.join(' ') === 'msg_1 msg_1' ? undefined : `two attempts had the identities ${ids.join(', ')}`
}

async function refusesInnerAddresses(make: MakeCaller): Promise<string | undefined> {
  await using receiver = await startReceiver()
  const addresses = new AddressRules()
  const named = ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0', '169.254.169.254', '10.0.0.1']
  for (const address of named) {
    const resolve = async () => [address]
    const came = await outcome(
      make(optionsOf({ addresses, resolve })),
      message(receiver.url('/', 'hooks.example')),
    )
    if (!came.includes('an address inside')) return `${address} came to: ${came}`
  }
  for (const host of ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:7f00:1]', '0']) {
    const came = await outcome(make(optionsOf({ addresses })), message(receiver.url('/', host)))
    if (!came.includes('an address inside')) return `${host} came to: ${came}`
  }
  return receiver.received.length === 0 ? undefined : 'an inner address was called'
}

export const CHECKS = {
  signsWhatItSends,
  connectsToWhatItChecked,
  followsNoRedirect,
  keepsTheIdentity,
  refusesInnerAddresses,
} as const satisfies Record<string, Check>

export type { Receiver }
