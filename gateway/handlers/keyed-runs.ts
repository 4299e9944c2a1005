/**
 * What was asked under a key, and which run it has joined. Sent again, the request is that run's, though the run has ended
 * meanwhile. They are remembered here, and for other gateways in the cache.
 */
import { hash } from 'node:crypto'
import type { Intake } from '#answers/types.ts'
import { unlessAway } from '#core/unless-away.ts'
import type { Run } from '#pipelines/run-index.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'
import type { Call, Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'

/** As long as admission remembers the identity of a question. */
const TTL_MS = 24 * 3_600_000

/** How a question is asked: part of what its key stands for. */
export interface AskedManner {
  readonly fresh?: boolean | undefined
  readonly isStreamed?: boolean | undefined
  readonly callback?: string | undefined
}

const askedName = (id: string): string => `asked:${id}`
const nameOf = (id: string): string => `joined:${id}`

/** Before any look-up: refuses another body under the key. How long the caller waits is no part of the body. */
export async function keyProblem(
  gateway: Gateway,
  intake: Intake,
  key: string | undefined,
  call: Call,
  manner: AskedManner = {},
): Promise<Problem | undefined> {
  if (key === undefined) return undefined
  const digest = bodyDigest(intake, manner)
  const first = gateway.runs.askedUnder(intake.id) ?? (await claimed(gateway, intake, digest))
  gateway.runs.keepAsked(intake.id, first ?? digest)
  if (first === digest) call.repeats?.()
  return first === undefined || first === digest ? undefined : keyReused()
}

export const keyReused = (): Problem =>
  new Problem('key_reused', { detail: 'Send another question under a key of its own.' })

/** Of everything that the caller has sent about the question. */
export function bodyDigest(intake: Intake, { fresh, isStreamed, callback }: AskedManner = {}): string {
  const { task_type, title, content, best_answer, user_id } = intake
  const question = [task_type, title, content ?? '', best_answer ?? '', user_id ?? '']
  return hash('sha256', JSON.stringify([...question, fresh === true, isStreamed === true, callback ?? '']))
}

/** The digest that was first under the key at any gateway; nothing where it is this one. Of two bodies at once one is first. */
async function claimed(
  { cache }: Gateway,
  { id, organization_id }: Intake,
  digest: string,
): Promise<string | undefined> {
  const organization = organizationOf(organization_id)
  const isFirst = await unlessAway(cache?.replace(organization, askedName(id), undefined, digest, TTL_MS))
  return isFirst === false ? unlessAway(cache?.get(organization, askedName(id))) : undefined
}

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
