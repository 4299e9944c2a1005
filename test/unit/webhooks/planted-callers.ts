/** Callers with a bug each, as somebody might write them. */

import { lookup } from 'node:dns'
import { request } from 'node:http'
import { HttpCaller, type HttpCallerOptions } from '#webhooks/http-caller.ts'
import { signedHeaders } from '#webhooks/signature.ts'
import { type WebhookCaller, WebhookFailure } from '#webhooks/webhook.ts'
import type { CHECKS, MakeCaller } from './caller-checks.ts'

const taken = (status: number) => ({ status, at: 0, latencyMs: 0 })

/** The value is signed, and serialised once more when it is sent. */
function signsBeforeSerialising({ secretsOf }: HttpCallerOptions): WebhookCaller {
  return {
    async call({ id, url, body, organization }) {
      const value: unknown = JSON.parse(body)
      const signed = { id, timestampS: 1_700_000_000, body: Buffer.from(body) }
      const headers = signedHeaders(signed, await secretsOf(organization))
      const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(value) })
      return taken(status)
    },
  }
}

/** The name is checked, and then left to the connection, which looks it up for itself. */
function looksUpTwice({ secretsOf, resolve, addresses }: HttpCallerOptions): WebhookCaller {
  return {
    async call({ id, url, body, organization }) {
      const { hostname, port } = new URL(url)
      const checked = await resolve(hostname)
      if (!checked.every(address => addresses.isPermitted(address)))
        throw new WebhookFailure(url, 'an address inside', { isCalled: false })
      const headers = signedHeaders(
        { id, timestampS: 1, body: Buffer.from(body) },
        await secretsOf(organization),
      )
      const again: typeof lookup = Object.assign(
        (_name: string, _options: object, done: (error: null, found: object[]) => void) =>
          void resolve(hostname).then(found =>
            done(
              null,
              found.map(address => ({ address, family: 4 })),
            ),
          ),
        lookup,
      ) as never // Node asks for all addresses, which is the one form that is used here.
      return new Promise((done, reject) => {
        const sent = request({ method: 'POST', hostname, port, headers, lookup: again }, response => {
          response.resume()
          done(taken(response.statusCode ?? 0))
        })
        sent.on('error', reject)
        sent.end(body)
      })
    },
  }
}

/** The client does what clients do by themselves. */
function followsRedirects({ secretsOf }: HttpCallerOptions): WebhookCaller {
  return {
    async call({ id, url, body, organization }) {
      const headers = signedHeaders(
        { id, timestampS: 1, body: Buffer.from(body) },
        await secretsOf(organization),
      )
      const { status } = await fetch(url, { method: 'POST', headers, body })
      return taken(status)
    },
  }
}

/** Each attempt is a message of its own. */
function namesEachAttempt(options: HttpCallerOptions): WebhookCaller {
  const caller = new HttpCaller(options)
  let attempts = 0
  return {
    call: (message, signal) => caller.call({ ...message, id: `${message.id}-${attempts++}` }, signal),
  }
}

/** It looks at names, and an address in the text of the endpoint is none. */
function trustsAddresses(options: HttpCallerOptions): WebhookCaller {
  const all = { isPermitted: () => true, isAllowed: () => true, allowsSome: true }
  const trusting = new HttpCaller({ ...options, addresses: all as never }) // A bug is no type error here.
  const checking = new HttpCaller(options)
  return {
    call: (message, signal) =>
      (/^[\d.]+$/.test(new URL(message.url).hostname) ? trusting : checking).call(message, signal),
  }
}

/** Each with the check that must find it. */
export const PLANTED: Readonly<Record<string, readonly [keyof typeof CHECKS, MakeCaller]>> = {
  'signed before serialising': ['signsWhatItSends', signsBeforeSerialising],
  'a second look-up of the name': ['connectsToWhatItChecked', looksUpTwice],
  'redirects followed': ['followsNoRedirect', followsRedirects],
  'a new identity for each attempt': ['keepsTheIdentity', namesEachAttempt],
  'an address in the text that is not checked': ['refusesInnerAddresses', trustsAddresses],
}
