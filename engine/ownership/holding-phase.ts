/**
 * How far a pod is on its way to own one task, as a table. A claim has a nonce, which is its unique name. A task is secure once
 * it is claimed and marked with the producer in use.
 */
import { invariant } from '#core/errors.ts'

/**
 * ```
 *               no previous owner in the way          accepted            written, not yet read
 *    ┌─────────────────────────────► claimable ─────────────► claimed ──────────────► marked
 *    │          released or fenced │    ▲  │ a marker shows      │                       │ read up to
 *  unread                          │    │  │ an owner            │ written, the task     │ our marker
 *    │                             │    │  ▼                     │ runs already          ▼
 *    └───────────────────────────► contested ◄──────────┐        └────► checking ────► secure
 *       the claim is another's                          │                   nobody else has written
 *                                                       └── marked: a marker of somebody who may still write
 *
 *  The producer was lost, or the stored claim is another one of ours: claimed, marked, checking, secure ─► claimable.
 *  The producer was fenced, or the pod has missed a generation: claimed, marked, checking, secure ─► unread.
 *  Another join, or a fence of a previous owner: contested, claimable ─► unread.
 *  The group accepts a claim of a task whose stored claim is read again meanwhile: unread ─► claimed.
 *  The task has ended: all ─► ended.
 * ```
 */
export type HoldingPhase =
  | 'unread'
  | 'contested'
  | 'claimable'
  | 'claimed'
  | 'marked'
  | 'checking'
  | 'secure'
  | 'ended'

export const HOLDING_MOVES: Readonly<Record<HoldingPhase, readonly HoldingPhase[]>> = {
  // A task that is stuck reads its stored claim again, and the answer to its own claim may come first.
  unread: ['contested', 'claimable', 'claimed', 'ended'],
  contested: ['claimable', 'unread', 'ended'],
  claimable: ['claimed', 'contested', 'unread', 'ended'],
  claimed: ['marked', 'checking', 'claimable', 'unread', 'ended'],
  marked: ['secure', 'contested', 'claimable', 'unread', 'ended'],
  checking: ['secure', 'claimable', 'unread', 'ended'],
  secure: ['claimable', 'unread', 'ended'],
  ended: [],
}

/** Throws INTERNAL for a move that the table does not have. */
export function assertHoldingMove(task: string, from: HoldingPhase, to: HoldingPhase): void {
  invariant(HOLDING_MOVES[from].includes(to), `the holding of task ${task} cannot go from ${from} to ${to}`)
}
