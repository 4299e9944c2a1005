/**
 * Which run a request with a key has joined. Sent again, the request is that run's, though the run has ended meanwhile. They
 * are remembered here, and for other gateways in the cache.
 */

import { unlessAway } from '#core/unless-away.ts'
import type { Run } from '#pipelines/run-index.ts'
import type { Organization } from '#stores/organization.ts'
import type { Gateway } from '../operation.ts'

/** As long as admission remembers the identity of a question. */
const TTL_MS = 24 * 3_600_000

const nameOf = (id: string): string => `joined:${id}`

/** The run of the request with this id: its own, or one that it has joined. */
export async function keyedRun(
  { runs, cache }: Gateway,
  organization: Organization,
  id: string,
): Promise<Run | undefined> {
  const known = runs.get(organization, id)
  if (known) return known
  const text = await unlessAway(cache?.get(organization, nameOf(id)))
  return text === undefined ? undefined : runIn(text, organization)
}

export async function keepJoined({ runs, cache }: Gateway, id: string, run: Run): Promise<void> {
  runs.join(id, run)
  await unlessAway(cache?.set(run.organization, nameOf(id), JSON.stringify(run), TTL_MS))
}

/** Nothing for a text that another program wrote. */
function runIn(text: string, organization: Organization): Run | undefined {
  const found = parsed(text)
  if (typeof found !== 'object' || found === null) return undefined
  const { id, hash, taskType, title, askedAt }: { readonly [name in keyof Run]?: unknown } = found
  if (typeof id !== 'string' || typeof hash !== 'string' || typeof taskType !== 'string') return undefined
  if (typeof title !== 'string' || typeof askedAt !== 'number') return undefined
  return { id, hash, organization, taskType, title, askedAt }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
