/**
 * What happens to outputs that the log refuses for good, once they are staged again. No effect of their records takes place.
 *
 * - The log refuses one record, for example because it is too large: the record that emitted it becomes a dead letter.
 * - The whole partition takes nothing: no record is to blame. All records that write there are put back as if they had not run,
 *   and their task is blocked.
 *
 * A later record of the same key may have seen changes of the withdrawn one. So that record runs again, in its lane and order.
 * Its paid steps are in the journal. Every other record stays staged and is committed.
 */
import type { CaudalError, Refusal } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { Job } from '#engine/record/job.ts'
import { changesState, type Effect, type Staging } from './staging.ts'

export interface RefusedWork {
  readonly staging: Staging
  /** The topic of dead letters. A refused dead letter cannot become another dead letter. */
  readonly deadLetterTopic: string
  deadLetter(job: Job, error: CaudalError, node: string | undefined): void
  /** Makes jobs of these keys that are in progress end without effect. Returns the jobs. */
  supersede(keys: ReadonlySet<string>): readonly Job[]
  /** Runs the jobs again, in this order, before others of their key. */
  runAgain(jobs: readonly Job[]): void
  block(error: CaudalError): void
}

export function settleRefused(work: RefusedWork, refusals: ReadonlyMap<NewRecord, Refusal>): void {
  const refused = work.staging.holding(refusals)
  if (refused.size === 0) return
  const isBlamed = (effect: Effect, { record }: Refusal) =>
    record !== undefined && effect.outputs.every(({ slot }) => slot.topic !== work.deadLetterTopic)
  const keys = new Set<string>()
  let blocking: CaudalError | undefined
  for (const [effect, refusal] of refused) {
    const isOwn = isBlamed(effect, refusal)
    if (!isOwn) blocking ??= refusal.error
    if (effect.job.key !== null && (!isOwn || changesState(effect))) keys.add(effect.job.key)
  }
  const withdrawn = work.staging.withdraw(refused, keys)
  const superseded = work.supersede(keys)
  const again: Job[] = []
  for (const effect of withdrawn) {
    const refusal = refused.get(effect)
    const { job } = effect
    if (refusal && isBlamed(effect, refusal)) work.deadLetter(job, refusal.error, effect.node?.name)
    else {
      job.reopen()
      again.push(job)
    }
  }
  work.runAgain([...again, ...superseded])
  if (blocking) work.block(blocking)
}
