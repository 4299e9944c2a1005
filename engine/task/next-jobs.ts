/** What a task starts next: a job that waited in its lane, then a due timer, then a record of its sources in turn. */

import { DelayJob, holdUntil } from '#engine/record/delay-job.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { SourceIntake } from '#engine/record/source-intake.ts'
import { outsidersJob, SourceJob } from '#engine/record/source-job.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'
import { TimerJob } from '#engine/record/timer-job.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { TimerQueue } from '#engine/state/timer-queue.ts'
import type { Lanes } from './lanes.ts'

export interface NextJobsOptions {
  /** The task's name. */
  readonly name: string
  readonly program: StageProgram
  readonly state: TaskState
  readonly intakes: readonly SourceIntake[]
  readonly timers: TimerQueue
  readonly lanes: Lanes
  readonly pod: Pick<PodContext, 'system' | 'outlets'>
}

export class NextJobs {
  readonly #options: NextJobsOptions
  #turn = 0

  constructor(options: NextJobsOptions) {
    this.#options = options
  }

  /** The next job at this time. `parked`: the next job went to the end of its lane. */
  take(now: number): Job | 'parked' | undefined {
    const { lanes } = this.#options
    const ready = lanes.takeReady()
    if (ready) return ready
    const job = this.#nextTimer(now) ?? this.#nextRecord(now)
    return !job || lanes.enter(job) ? job : 'parked'
  }

  /** The earliest due time of a timer or of the head of a delay tier. It may have passed already. */
  nextDue(): number | undefined {
    const { intakes, timers } = this.#options
    const dues = intakes.map(intake => this.#heldUntil(intake)).filter(due => due > 0)
    const timer = timers.nextDue()
    if (timer !== undefined) dues.push(timer)
    return dues.length > 0 ? Math.min(...dues) : undefined
  }

  #nextTimer(now: number): Job | undefined {
    const { name, program, timers } = this.#options
    for (const timer of timers.takeDue(now, 1)) {
      const node = program.nodes.get(timer.operator)
      if (node) return new TimerJob(name, node, timer.name, timer.key, timer.due)
    }
    return undefined
  }

  #nextRecord(now: number): Job | undefined {
    const { intakes } = this.#options
    for (let tried = 0; tried < intakes.length; tried++) {
      const intake = intakes[this.#turn++ % intakes.length]
      if (!intake || this.#heldUntil(intake) > now) continue
      const record = intake.take()
      if (!record) continue
      const { program, pod, state } = this.#options
      if (program.tiers.length > 0) return new DelayJob(intake, record, program, pod.outlets)
      if (program.outsiders.has(intake.topic)) return outsidersJob(intake, record, state)
      return new SourceJob(intake, record)
    }
    return undefined
  }

  /** When the head of a delay tier may go on. 0 for records that do not wait. */
  #heldUntil(intake: SourceIntake): number {
    const { program, pod } = this.#options
    if (program.tiers.length === 0) return 0
    const tier = program.tiers.find(({ outlet }) => outlet.topic === intake.topic)
    const head = tier && intake.peek()
    return tier && head ? holdUntil(head, tier.waitMs, pod.system) : 0
  }
}
