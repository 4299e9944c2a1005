/** The life of a task in a pod, as a table. */
import { type ErrorCode, invariant } from '#core/errors.ts'

/**
 * ```
 *            own marker read            assigned away, or pod stops
 *  restoring ───────────────► running ────────────────────────► leaving
 *      │                        │  ▲                               │
 *      │          dead letters, │  │ resumed                       │ last effects and
 *      │          lost offsets  ▼  │                               │ release committed
 *      │                       blocked ───────────────────────────►│
 *      │                        │                                  ▼
 *      └────────────────────────┴──► closedDirty               closedClean
 *             dropped: fenced, lost, released by an error
 * ```
 */
export type TaskPhase = 'restoring' | 'running' | 'blocked' | 'leaving' | 'closedClean' | 'closedDirty'

/**
 * Errors that block a task only until the log is fixed. A task that has not run yet then goes on without a restart: what was
 * refused is asked for again.
 */
export const PASSING_BLOCKS: readonly ErrorCode[] = [
  'ACCESS_REFUSED',
  'BROKER_REFUSED',
  'PARTITION_UNWRITABLE',
  'RESTORE_BLOCKED',
  'TRANSACTION_TORN',
  'TRANSACTION_UNCHECKED',
]

const MOVES: Readonly<Record<TaskPhase, readonly TaskPhase[]>> = {
  restoring: ['running', 'blocked', 'closedDirty'],
  running: ['blocked', 'leaving', 'closedDirty'],
  blocked: ['running', 'leaving', 'closedDirty'],
  leaving: ['closedClean', 'closedDirty'],
  closedClean: [],
  closedDirty: [],
}

export function assertMove(task: string, from: TaskPhase, to: TaskPhase): void {
  invariant(MOVES[from].includes(to), `task ${task} cannot go from ${from} to ${to}`)
}
