/**
 * What becomes of outputs that the log refuses for good, once they are staged again: nothing of their records takes place.
 *
 * A record whose output is refused for what it is becomes a dead letter. Where the whole partition takes nothing, no record
 * is to blame: all that write there are put back as if they had not run, and their task is blocked. A later record of the same
 * key may have seen what the withdrawn one had changed, so it runs again, in its lane and order; what it had bought in
 * steps is in the journal. Every other record stays staged and is committed.
 */
import type { CaudalError, Refusal } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { Job } from '#engine/record/job.ts'
import { changesState, type Effect, type Staging } from './staging.ts'

export interface RefusedWork {
  readonly staging: Staging
  /** The topic of dead letters: one that is refused cannot become one. */
  readonly deadLetterTopic: string
  deadLetter(job: Job, error: CaudalError, node: string | undefined): void
  /** Jobs of these keys that are in progress will have no effect; gives them. */
  supersede(keys: ReadonlySet<string>): readonly Job[]
  /** They run again, in this order, before others of their key. */
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
