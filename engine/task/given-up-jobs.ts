/** Jobs that a task gives up: their failures are reported, they become dead letters, and too many of them block the task. */
import { type Action, CaudalError } from '#core/errors.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { RecordRun, type RunTask } from '#engine/record/record-run.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'
import { deadLetterOf } from './dead-letter-output.ts'
import { DeathRate } from './death-rate.ts'
import { reportFailure } from './record-failure.ts'

interface GivingUpTask extends RunTask {
  readonly pod: PodContext
}

export class GivenUpJobs {
  readonly #task: GivingUpTask
  readonly #program: StageProgram
  readonly #deaths = new DeathRate()

  constructor(task: GivingUpTask, program: StageProgram) {
    this.#task = task
    this.#program = program
  }

  /** Counts the failure, and logs it once. */
  report(job: Job, node: string, error: unknown, action: Action): void {
    const { name, pod } = this.#task
    reportFailure({ job, task: name, node, error, action }, this.#program.metrics, pod)
  }

  /** The effects of a job that is given up: its dead letter, and the end of what it held. */
  giveUp(job: Job, error: unknown, node: string): RecordRun {
    const { name, pod } = this.#task
    const run = new RecordRun(job, this.#task, pod.system.now())
    run.end()
    for (const [entry, value] of job.givenUp(run.now)) run.write(entry, value)
    run.outputs.push(deadLetterOf(job, error, name, node, pod))
    return run
  }

  /** A job has become a dead letter. Blocks the task where most die for one reason. */
  died(job: Job, error: unknown, node: string): void {
    const { name, pod } = this.#task
    const death = this.#deaths.diedOf(error, node, job.isOutsiders === true, pod.system.monotonic())
    if (death) pod.block(name, new CaudalError('TOO_MANY_DEAD', { task: name, ...death }))
  }

  /** A job has ended well. */
  lived(): void {
    this.#deaths.lived(this.#task.pod.system.monotonic())
  }

  /** Counts from zero again: somebody has resumed the task. */
  reset(): void {
    this.#deaths.reset()
  }
}
