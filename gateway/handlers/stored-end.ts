/** What came of a run that memory has forgotten, as the database has it. */
import type { Run } from '#pipelines/run-index.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import type { TaskEvent } from '#stores/history.ts'
import type { Organization } from '#stores/organization.ts'
import type { Gateway } from '../operation.ts'
import { lastStep, outcomeIn } from './so-far.ts'
import { iso, storedView } from './views.ts'

/** The row of the answer, or the event that says why there is none. */
export type StoredEnd = { readonly answer: StoredAnswer } | { readonly failure: TaskEvent }

/** `ended`: what came of it. `open`: it was let in. `none`: the database has nothing of it. */
export type StoredState = StoredEnd | 'open' | 'none'

/** Rejects with UNAVAILABLE while the database is away. Nothing where there is no database. */
export async function storedState(
  { answers, history }: Gateway,
  organization: Organization,
  id: string,
): Promise<StoredState | undefined> {
  if (!answers && !history) return undefined
  const answer = await answers?.get(organization, id)
  if (answer) return { answer }
  const events = (await history?.of(organization, id)) ?? []
  const failure = outcomeIn(events)
  if (failure?.kind === 'failed') return { failure }
  return lastStep(events) ? 'open' : 'none'
}

/** Nothing for a run that has not ended. */
export const endIn = (state: StoredState | undefined): StoredEnd | undefined =>
  typeof state === 'object' ? state : undefined

/** The state of the run and what came of it. */
export function storedEndView(end: StoredEnd): object {
  if ('answer' in end) return { state: 'delivered', result: storedView(end.answer) }
  return { state: 'failed', ...failureOf(end.failure), failed_at: iso(end.failure.at) }
}

/** Why there is no answer. */
export function failureOf({ detail }: TaskEvent): {
  readonly reason: string
  readonly faults: readonly string[]
} {
  const { reason, faults }: { readonly reason?: unknown; readonly faults?: unknown } = detail
  return {
    reason: typeof reason === 'string' ? reason : 'dead_letter',
    faults: Array.isArray(faults) ? faults.filter(each => typeof each === 'string') : [],
  }
}

/** The run of the question that was asked again under its key. */
export function storedRun(end: StoredEnd, asked: Run): Run {
  return 'answer' in end ? { ...asked, hash: end.answer.questionHash, askedAt: end.answer.askedAt } : asked
}
