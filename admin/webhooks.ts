/** Webhooks that no attempt has brought to their endpoint: read from the dead letters, and sent again with all attempts. */
import { TOPICS } from '#answers/topics.ts'
import type { Webhook } from '#answers/types.ts'
import type { Access } from './access.ts'
import { type Failure, failuresIn } from './failures.ts'

/** The operator that gives webhooks up. */
const NODE = 'call-webhook'

/** A message that was given up. */
export interface Undelivered {
  readonly webhook: Webhook
  readonly failedAt: number
  readonly reason: string
  readonly failure: Failure
}

/** What was given up and not sent again since, oldest first. */
export async function undeliveredIn(access: Access): Promise<readonly Undelivered[]> {
  const failures = (await failuresIn(access)).filter(({ kind, node }) => kind === 'dead' && node === NODE)
  const read = await Promise.all(failures.map(failure => undeliveredOf(failure, access)))
  return read.filter(each => each !== undefined)
}

/** Nothing for a dead letter whose bytes are no webhook. */
async function undeliveredOf(failure: Failure, { values }: Access): Promise<Undelivered | undefined> {
  const { detail } = failure
  if (!('origin' in detail) || detail.origin.topic !== TOPICS.webhooks) return undefined
  const { value } = detail.origin
  if (!value) return undefined
  try {
    const webhook = await values.read(TOPICS.webhooks, value)
    return { webhook, failedAt: failure.failedAt, reason: failure.reason, failure }
  } catch {
    return undefined // Shown by `caudal dlq list`, as any other.
  }
}

/** The same message under the same identity, with its attempts and its age from the beginning. */
export function renewed({ failure, webhook }: Undelivered, { values }: Access, now: number): Failure {
  const value = values.write(TOPICS.webhooks, { ...webhook, attempts: 0, parked: 0, created_at: now })
  return {
    ...failure,
    resent: async log => {
      const batch = await failure.resent(log)
      return { ...batch, records: batch.records.map(record => ({ ...record, value })) }
    },
  }
}
