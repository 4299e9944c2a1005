/**
 * Questions that go in together: each joins the run of an equal one under way, and the rest is put in at once. A batch that
 * is sent again under its key is the runs that it was.
 */
import { hash } from 'node:crypto'
import { BATCH_HEADER, batchHeader } from '#answers/batch-ref.ts'
import { questionHash } from '#answers/question-hash.ts'
import type { BatchRef, Intake } from '#answers/types.ts'
import type { Prepared } from '#pipelines/answers-service.ts'
import type { Run } from '#pipelines/run-index.ts'
import { organizationOf } from '#stores/organization.ts'
import type { Batch } from '../batches.ts'
import type { Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'

export interface AskedItem {
  readonly index: number
  readonly run: Pick<Run, 'id' | 'hash'>
  readonly joined: boolean
}

export interface AskedBatch {
  readonly items: readonly AskedItem[]
  /** Resolves when the log holds those that join no other run, and that the batch waits for those of others. */
  append(): Promise<void>
}

/** What is known of a batch before its questions are looked at. */
export type BatchFacts = Omit<BatchRef, 'runs' | 'accepted'>

/** An item of a batch as it was read: a question, or what is wrong with it. */
export type ReadItem = Prepared | { readonly faults: unknown }

/** The same for the same questions in the same order. */
export const digestOf = (read: readonly ReadItem[]): string =>
  hash(
    'sha256',
    questionsOf(read)
      .map(({ intake }) => `${questionHash(intake)}${aside(intake)}`)
      .join(' '),
  )

/** What an item has besides the question that it is; batches without it keep the digest of earlier versions. */
const aside = ({ best_answer = '', user_id = '' }: Intake): string =>
  best_answer === '' && user_id === '' ? '' : `+${hash('sha256', JSON.stringify([best_answer, user_id]))}`

/** What a batch that the log holds was put in as. Nothing is put in. */
export function askedBefore(read: readonly ReadItem[], before: Batch): AskedBatch | Problem {
  if (before.digest !== digestOf(read)) return reused()
  const items = questionsOf(read).map(({ index, intake }, nth) => {
    const id = before.tasks[nth] ?? intake.id
    return { index, run: { id, hash: questionHash(intake) }, joined: id !== intake.id }
  })
  return { items, append: async () => {} }
}

/** An equal question of the same batch is joined too. One call puts the rest in. */
export function askedTogether(
  { runs, service }: Gateway,
  read: readonly ReadItem[],
  facts: BatchFacts,
  isKeyed: boolean,
): AskedBatch | Problem {
  const questions = questionsOf(read)
  if (questions.some(question => isReused(runs, question))) return reused()
  const fresh: Prepared[] = []
  const appending = Promise.withResolvers<void>()
  // An equal question of the same batch may have ended already where the batch is sent again.
  const ofBatch = new Map<string, Run>()
  const items = questions.map(({ index, ...question }) => {
    const { intake } = question
    const id = questionHash(intake)
    const organization = organizationOf(intake.organization_id)
    const other = runs.get(organization, intake.id) ?? ofBatch.get(id) ?? runs.underWay(organization, id)
    if (!other) fresh.push(question)
    const add = isKeyed ? runs.addUnsure.bind(runs) : runs.add.bind(runs)
    const run = other ?? add(intake, appending.promise)
    const joined = run.id !== intake.id
    if (joined && isKeyed) runs.join(intake.id, run)
    ofBatch.set(id, run)
    return { index, run, joined }
  })
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

const questionsOf = (read: readonly ReadItem[]): readonly (Prepared & { readonly index: number })[] =>
  read.flatMap((question, index) => ('intake' in question ? [{ ...question, index }] : []))

const reused = (): Problem =>
  new Problem('key_reused', { detail: 'Send another batch under a key of its own.' })

/** Asked before any run is noted: a run of a batch that is refused would stay open. */
function isReused(runs: Gateway['runs'], { intake }: Prepared): boolean {
  const known = runs.get(organizationOf(intake.organization_id), intake.id)
  return known !== undefined && known.hash !== questionHash(intake)
}
