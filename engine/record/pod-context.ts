/** The services of one pod. They are made once and handed down as one value to every part of the pod. */

import type { Interceptor } from '#core/interceptor.ts'
import type { Limits } from '#core/limits.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { AnswerPace } from '#engine/commit/answer-pace.ts'
import type { Meter } from '#engine/commit/meter.ts'
import type { Outlet, Outlets } from '#engine/commit/outlets.ts'
import type { Log } from '#engine/log/log.ts'
import type { TableSnapshot } from '#engine/topics/global-table.ts'
import type { PlanTopics } from '#engine/topics/plan-topics.ts'

export interface PodContext {
  readonly application: string
  /** This pod's incarnation. */
  readonly incarnation: string
  readonly log: Log
  readonly topics: PlanTopics
  readonly system: System
  readonly limits: Limits
  readonly logger: Logger
  readonly meter: Meter
  /** Called around operators, steps and commits. */
  readonly interceptor: Interceptor | undefined
  readonly outlets: Outlets
  readonly deadLetters: Outlet
  readonly gate: CallGate
  readonly pace: Pick<AnswerPace, 'answered'>
  readonly tables: { snapshot(table: string): TableSnapshot<unknown> }
  /** Runs the callback within the pod's next step. */
  enqueue(callback: () => void): void
  /** Schedules a step. */
  wake(): void
  /** Drops the task, and restarts it from its last commit. */
  release(task: string, error: unknown): void
  /** Blocks the task until somebody resumes it. The rest of the pod goes on. */
  block(task: string, error: unknown): void
  /** Ends the pod with this error, without a hand-over. */
  fail(error: unknown): void
}

export interface CallGate {
  /** One more record may start now. */
  readonly admits: boolean
  /** Resolves when an outside call may start. `undefined`: it may start now. */
  whenOpen(): Promise<void> | undefined
}

/** What the run of one record needs of its pod. */
export type RunServices = Pick<PodContext, 'system' | 'logger' | 'limits' | 'outlets' | 'tables'> & {
  readonly interceptor?: Interceptor | undefined
  readonly gate: Pick<CallGate, 'whenOpen'>
}
