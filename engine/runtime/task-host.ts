/** What a task needs of its pod. */
import type { Logger } from '#engine/core/operator.ts'
import type { System } from '#engine/core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { TableSnapshot } from './global-table.ts'
import type { Limits } from './limits.ts'
import type { Outlet, Outlets } from './outlets.ts'
import type { PlanTopics } from './plan-topics.ts'

export interface TaskHost {
  readonly application: string
  /** This pod's incarnation. */
  readonly incarnation: string
  readonly log: Log
  readonly topics: PlanTopics
  readonly system: System
  readonly limits: Limits
  readonly logger: Logger
  readonly outlets: Outlets
  readonly deadLetters: Outlet
  /** Runs the callback within the pod's next step. */
  enqueue(callback: () => void): void
  /** The gates are open: a job may start now. */
  mayStart(): boolean
  /** Resolves when an outside call may start; nothing when it may now. */
  whenMayCall(): Promise<void> | undefined
  /** A step is due. */
  wake(): void
  snapshot(table: string): TableSnapshot<unknown>
  /** The task is dropped, and restarted from its last commit. */
  release(task: string, error: unknown): void
  /** The task is blocked until somebody resumes it; the rest of the pod goes on. */
  block(task: string, error: unknown): void
  /** The pod stops uncleanly. */
  fail(error: unknown): void
}
