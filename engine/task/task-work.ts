/**
 * What a running task does with its records. It starts jobs in their lanes, stages the effects of jobs that complete, and
 * answers failures by their action. All of it happens within the pod's step. Promises of operators only enqueue.
 */
import { type Refusal, Unavailable } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import { eachAsWork } from '#engine/record/current-work.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { RecordRun, type RunTask } from '#engine/record/record-run.ts'
import type { SourceIntake } from '#engine/record/source-intake.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'
import { stepChunkBytesMaxOf, stepWrites } from '#engine/record/step-journal.ts'
import { stateBytesMaxOf, stepEntry } from '#engine/state/layout.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { TimerQueue } from '#engine/state/timer-queue.ts'
import { failureAction } from './failure-action.ts'
import { GivenUpJobs } from './given-up-jobs.ts'
import { JobsInProgress } from './jobs-in-progress.ts'
import { Lanes } from './lanes.ts'
import { NextJobs } from './next-jobs.ts'
import { PostponedJobs } from './postponed-jobs.ts'
import { type RefusedWork, settleRefused } from './refused-outputs.ts'
import { Staging } from './staging.ts'
import { type Load, TaskTime } from './task-time.ts'
import { type WorkInProgress, workInProgress } from './work-in-progress.ts'
import type { WorkingTask } from './working-task.ts'

/** How many jobs start between two reads of the clock. One read costs a good part of a small job. */
export const LOOK_JOBS = 8

export class TaskWork implements RunTask {
  readonly name: string
  readonly pod: PodContext
  readonly state: TaskState
  readonly staging: Staging
  readonly time: TaskTime
  readonly stateBytesMax: number
  readonly #stepChunkBytesMax: number
  readonly #jobs: JobsInProgress
  readonly #lanes = new Lanes()
  readonly #next: NextJobs
  readonly #task: WorkingTask
  readonly #program: StageProgram
  readonly #intakes: readonly SourceIntake[]
  readonly #timers: TimerQueue
  readonly #givenUp: GivenUpJobs
  readonly #postponed: PostponedJobs
  /** The time, read once for all jobs that one step starts. */
  #now = 0
  #accepting = true
  #closed = false

  constructor(task: WorkingTask, state: TaskState, intakes: readonly SourceIntake[], timers: TimerQueue) {
    const { name, program, pod } = task
    this.name = name
    this.pod = pod
    this.state = state
    this.staging = new Staging(state, timers)
    this.#jobs = new JobsInProgress(program.metrics)
    this.#next = new NextJobs({ name, program, state, intakes, timers, lanes: this.#lanes, pod })
    const { bytes } = program.stateOutlet.limit
    this.stateBytesMax = stateBytesMaxOf(bytes)
    this.#stepChunkBytesMax = stepChunkBytesMaxOf(bytes)
    this.#task = task
    this.#program = program
    this.#intakes = intakes
    this.time = new TaskTime(program.metrics)
    this.#timers = timers
    this.#givenUp = new GivenUpJobs(this, program)
    this.#postponed = new PostponedJobs(name, pod)
  }

  /** Starts at most `budget` jobs, and only a few after `until` of the monotonic clock. Returns how many started. */
  start(budget: number, until: number): number {
    return this.#task.guard(() => eachAsWork(() => this.#start(budget, until))) ?? 0
  }

  #start(budget: number, until: number): number {
    let started = 0
    this.#now = this.pod.system.now()
    const { metrics, inFlightMax } = this.#program
    while (started < budget && metrics.inFlight < inFlightMax && this.#mayStart()) {
      const job = this.#next.take(this.#now)
      if (!job) break
      started++
      if (job !== 'parked') this.#run(job)
      if (started % LOOK_JOBS === 0 && this.pod.system.monotonic() >= until) break
    }
    return started
  }

  /** The load after a turn that started fewer jobs than it might have. Records of a delay tier wait for their due time. */
  get load(): Load {
    const isHeld = this.#program.tiers.length === 0 && this.#intakes.some(({ buffered }) => buffered > 0)
    if (isHeld) return 'backPressured'
    return this.inFlight > 0 ? 'busy' : 'idle'
  }
  get inFlight(): number {
    return this.#jobs.size
  }
  /** The jobs that have been in progress the longest, at most so many, and what each waits for. */
  inProgress(max = Number.POSITIVE_INFINITY): readonly WorkInProgress[] {
    return workInProgress(this.#jobs.oldest(max), this.#lanes, this.#postponed.all)
  }
  get parked(): number {
    return this.#lanes.parked
  }

  /** The earliest due time of a timer or of the head of a delay tier. It may have passed already. */
  nextDue(): number | undefined {
    return this.#task.guard(() => this.#next.nextDue())
  }

  /** Starts no further job. Jobs in progress go on. */
  stopAccepting(): void {
    this.#accepting = false
  }
  accept(): void {
    this.#givenUp.reset()
    this.#accepting = true
  }

  /** Ends all jobs in progress without effect. */
  close(): void {
    this.#closed = true
    this.#accepting = false
    this.#jobs.abort()
  }

  /** The log refuses outputs for good. They are staged again. */
  refused(refusals: ReadonlyMap<NewRecord, Refusal>): void {
    this.#task.guard(() => settleRefused(this.#refusedWork(), refusals))
  }

  journal(job: Job, callId: string, value: Uint8Array): void {
    if (this.#closed || job.finished) return
    if (this.state.get(stepEntry(callId))) return // An earlier attempt was answered first: its result counts.
    const writes = stepWrites(callId, value, this.pod.system.now(), this.#stepChunkBytesMax)
    job.steps ??= new Set()
    for (const entry of writes.keys()) job.steps.add(entry)
    this.#program.metrics.stepsRun++
    this.pod.pace.answered()
    this.#task.staged(this.state.stage(writes))
    this.pod.wake()
  }

  replayed(): void {
    this.#program.metrics.stepsReplayed++
  }

  #mayStart(): boolean {
    return this.#accepting && this.#postponed.all.size === 0 && this.pod.gate.admits
  }

  #run(job: Job): void {
    if (!job.isDue(this.state)) return this.#lanes.leave(job)
    if (job.attempt++ === 0) this.#program.metrics.recordsIn++
    const run = new RecordRun(job, this, this.#now)
    let pending: void | Promise<void>
    try {
      pending = run.start()
    } catch (error) {
      return this.#failed(job, run, error)
    }
    if (!pending) return this.#completed(job, run)
    this.#hold(job, run)
    const unlessVoid = (action: () => void) => this.#later(() => this.#isVoid(job) || action())
    pending.then(
      () => unlessVoid(() => this.#completed(job, run)),
      error => unlessVoid(() => this.#failed(job, run, error)),
    )
  }

  /** Runs the action within a step of the pod, unless the task is closed by then. */
  #later(action: () => void): void {
    this.pod.enqueue(() => this.#closed || this.#task.guard(action))
  }

  #hold(job: Job, run: RecordRun | undefined): void {
    this.#jobs.add(job, run)
    this.#lanes.hold(job)
  }

  #completed(job: Job, run: RecordRun): void {
    if (run.postponedBy) return this.#postpone(job, run, run.postponedBy)
    if (run.failedBy) return this.#failed(job, run, run.failedBy.error)
    run.end()
    if (job.fired) this.#fired(job.fired.timer[3], run)
    if (job.steps) for (const entry of job.steps) run.write(entry, null)
    this.#finish(job, run)
    this.#givenUp.lived()
  }

  #fired(due: number, run: RecordRun): void {
    this.#program.metrics.timersFired++
    this.#program.metrics.timerLateMs.add(Math.max(0, run.now - due))
  }

  /** Stages the effects of a run, and frees its lane for the next job. */
  #finish(job: Job, run: RecordRun): void {
    job.finished = true
    const bytes = this.staging.add(run.effect)
    this.#program.metrics.recordsOut += run.outputs.length
    job.complete()
    this.#jobs.remove(job)
    this.#lanes.leave(job)
    this.#task.staged(bytes)
  }

  #failed(job: Job, run: RecordRun, thrown: unknown): void {
    const error = run.postponedBy ?? thrown
    if (error instanceof Unavailable) return this.#postpone(job, run, error)
    run.end()
    const action = failureAction(error, job, run.node, this)
    const node = run.node?.name ?? this.name
    this.#givenUp.report(job, node, error, action)
    if (action === 'retry') return this.#retry(job)
    if (action === 'deadLetter') {
      this.#finish(job, this.#givenUp.giveUp(job, error, node))
      return this.#givenUp.died(job, error, node)
    }
    this.#hold(job, undefined)
    if (action === 'releaseTask') this.pod.release(this.name, error)
    else if (action === 'blockTask') this.pod.block(this.name, error)
    else this.pod.fail(error)
  }

  #retry(job: Job): void {
    this.#hold(job, undefined)
    const delayMs = this.pod.limits.retryDelayMs * 2 ** (job.attempt - 1)
    const again = () => (this.#task.isLeaving ? this.#giveBack(job) : this.#runAgain(job))
    this.pod.system.after(delayMs, () => this.#later(again))
  }

  /** Leaves the next attempt to the next owner, because it may take as long as the last one. */
  #giveBack(job: Job): void {
    this.#jobs.remove(job)
    this.pod.wake()
  }

  /** Runs the job again later, without counting an attempt. Results of its steps are in the journal. */
  #postpone(job: Job, run: RecordRun, unavailable: Unavailable): void {
    run.end()
    if (--job.attempt === 0) this.#program.metrics.recordsIn--
    if (this.#task.isLeaving) return this.#giveBack(job)
    this.#hold(job, undefined)
    const again = () => this.#later(() => this.#postponed.take(job) && this.#runAgain(job))
    this.#postponed.add(job, unavailable, again)
  }

  /** The task leaves. Jobs in progress may end, and waiting jobs go to the next owner. */
  leave(): void {
    this.stopAccepting()
    for (const job of this.#postponed.all) if (this.#postponed.take(job)) this.#giveBack(job)
  }

  #runAgain(job: Job): void {
    if (this.#isVoid(job)) return
    this.#now = this.pod.system.now()
    eachAsWork(() => this.#run(job))
  }

  #refusedWork(): RefusedWork {
    return {
      staging: this.staging,
      deadLetterTopic: this.pod.deadLetters.topic,
      deadLetter: (job, error, node = this.name) => {
        this.#givenUp.report(job, node, error, 'deadLetter')
        this.#task.staged(this.staging.add(this.#givenUp.giveUp(job, error, node).effect))
        this.#givenUp.died(job, error, node)
      },
      supersede: keys => {
        const jobs = this.#jobs.supersede(keys)
        // A timer among the jobs is set again.
        for (const { fired } of jobs) if (fired) this.#timers.set(...fired.timer)
        return jobs
      },
      runAgain: jobs => {
        const { keys } = this.#jobs
        const clones = jobs.filter(job => !job.fired).map(job => job.again())
        this.#lanes.rewind(clones, key => keys.has(key))
        this.pod.wake()
      },
      block: error => {
        if (!this.#accepting) return
        this.#accepting = false
        this.pod.block(this.name, error)
      },
    }
  }

  /** The job ran on withdrawn state: it has no effect, and the jobs in front of it in its lane run first. */
  #isVoid(job: Job): boolean {
    if (!this.#jobs.takeSuperseded(job)) return false
    this.#giveBack(job)
    this.#lanes.leave(job)
    return true
  }
}
