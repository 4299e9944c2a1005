/** Questions that go in together: each joins the run of an equal one under way, and the rest is put in at once. */
import { BATCH_HEADER, batchHeader } from '#answers/batch-ref.ts'
import { questionHash } from '#answers/question-hash.ts'
import type { BatchRef } from '#answers/types.ts'
import type { Prepared } from '#pipelines/answers-service.ts'
import type { Run } from '#pipelines/run-index.ts'
import { organizationOf } from '#stores/organization.ts'
import type { Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'

export interface AskedItem {
  readonly index: number
  readonly run: Run
  readonly joined: boolean
}

export interface AskedBatch {
  readonly items: readonly AskedItem[]
  /** Resolves when the log holds those that join no other run, and that the batch waits for those of others. */
  append(): Promise<void>
}

/** What is known of a batch before its questions are looked at. */
export type BatchFacts = Omit<BatchRef, 'runs' | 'accepted'>

/** An equal question of the same batch is joined too. One call puts the rest in. */
export function askedTogether(
  { runs, service }: Gateway,
  read: readonly (Prepared | { readonly faults: unknown })[],
  facts: BatchFacts,
): AskedBatch | Problem {
  if (read.some(question => 'intake' in question && isReused(runs, question)))
    return new Problem('key_reused', { detail: 'Send another batch under a key of its own.' })
  const fresh: Prepared[] = []
  const items: AskedItem[] = []
  const appending = Promise.withResolvers<void>()
  for (const [index, question] of read.entries()) {
    if (!('intake' in question)) continue
    const { intake } = question
    const id = questionHash(intake)
    const organization = organizationOf(intake.organization_id)
    const known = runs.get(organization, intake.id)
    const other = known ?? runs.underWay(organization, id)
    if (!other) fresh.push(question)
    const run = other ?? runs.add(intake, appending.promise)
    items.push({ index, run, joined: other !== undefined && other.id !== intake.id })
  }
  const batch = { ...facts, accepted: items.length, runs: new Set(items.map(({ run }) => run.id)).size }
  return { items, append: () => appendTogether(service, { items, fresh, batch }, appending) }
}

interface Together {
  readonly items: readonly AskedItem[]
  readonly fresh: readonly Prepared[]
  readonly batch: BatchRef
}

async function appendTogether(
  service: Gateway['service'],
  { items, fresh, batch }: Together,
  appending: PromiseWithResolvers<void>,
): Promise<void> {
  const own = fresh.map(question => inBatch(question, batch))
  if (own.length > 0) service.append(own).then(appending.resolve, appending.reject)
  else appending.resolve()
  await appending.promise
  await service.join(othersOf(items, fresh).map(id => ({ id, batch })))
}

/** The outcome says then which batch waits for it. */
function inBatch(question: Prepared, batch: BatchRef): Prepared {
  const { record } = question
  return {
    ...question,
    record: { ...record, headers: { ...record.headers, [BATCH_HEADER]: batchHeader(batch) } },
  }
}

/** Runs that were put in by others, whose events say nothing of this batch. */
function othersOf(items: readonly AskedItem[], fresh: readonly Prepared[]): readonly string[] {
  const own = new Set(fresh.map(({ intake }) => intake.id))
  const joined = items.filter(({ joined, run }) => joined && !own.has(run.id))
  return [...new Set(joined.map(({ run }) => run.id))]
}

/** Asked before any run is noted: a run of a batch that is refused would stay open. */
function isReused(runs: Gateway['runs'], { intake }: Prepared): boolean {
  const known = runs.get(organizationOf(intake.organization_id), intake.id)
  return known !== undefined && known.hash !== questionHash(intake)
}
