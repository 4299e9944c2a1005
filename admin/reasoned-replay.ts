/** Failures sent again by a command: written down first, with who does it and why. */

import type { Access } from './access.ts'
import { type Actor, auditBatch } from './audit.ts'
import {
  type Failure,
  type ReplayedSoFar,
  type ReplayOptions,
  refuseUnsendable,
  replayFailures,
} from './failures.ts'

/** Who sends what again, and why. */
export interface ReasonedReplay extends Omit<ReplayOptions, 'application'> {
  /** What they are: `failures`, or `webhooks`. */
  readonly target: string
  readonly why: string
  readonly actor: Actor
}

/**
 * Rejects with REJECTED where one of them cannot be sent again, and then writes nothing. An application of one's own has no
 * topic for what people change.
 */
export async function replayReasoned(
  { log, plan, isOwn }: Pick<Access, 'log' | 'plan' | 'isOwn'>,
  failures: readonly Failure[],
  { target, why, actor, ...options }: ReasonedReplay,
): Promise<ReplayedSoFar> {
  await refuseUnsendable(log, failures)
  if (failures.length > 0 && !isOwn) {
    const details = { count: failures.length }
    const entry = {
      ...actor,
      at: options.system.now(),
      action: 'failures_replayed',
      target,
      why,
      details,
    } as const
    await log.append([await auditBatch(log, entry)])
  }
  return await replayFailures(log, failures, { ...options, application: plan.application })
}
