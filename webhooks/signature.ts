/** The signature of Standard Webhooks 1.0: HMAC-SHA256 over identity, time and body, joined by dots. */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = { min: 24, max: 64 } as const
/** One while it lasts, two while it is changed. */
export const SECRETS_MAX = 2

/** What is wrong with the text of a secret; nothing where it is one. The text itself is in no fault. */
export function secretFault(secret: string): string | undefined {
  if (!secret.startsWith(PREFIX)) return `a secret must begin with ${PREFIX}`
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret.slice(PREFIX.length))) return 'a secret must be base64'
  const bytes = keyOf(secret).length
  return bytes >= SECRET_BYTES.min && bytes <= SECRET_BYTES.max
    ? undefined
    : `a secret must have ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes, not ${bytes}`
}

export interface Signed {
  readonly id: string
  /** Of the attempt, seconds since the epoch. */
  readonly timestampS: number
  /** The very bytes that are sent. */
  readonly body: Uint8Array
}

/** The headers of an attempt, with a signature for each secret. */
export function signedHeaders(
  { id, timestampS, body }: Signed,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const signatures = secrets.map(secret => {
    const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampS}.`).update(body)
    return `v1,${signature.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': signatures.join(' '),
  }
}

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(PREFIX.length), 'base64')
