/**
 * What a running task does with its records: starts jobs in their lanes, stages the effects of those that complete, and
 * answers failures by their action. All of it happens within the pod's step; promises of operators only enqueue.
 */
import { type Action, CaudalError, NotYetReadable, type Refusal } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import type { NewRecord } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import { stateBytesMaxOf, stepEntry } from '#engine/state/layout.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { TimerQueue } from '#engine/state/timer-queue.ts'
import { deadLetterOf } from './dead-letter-output.ts'
import { DeathRate } from './death-rate.ts'
import { DelayJob, holdUntil } from './delay-job.ts'
import { failureAction } from './failure-action.ts'
import { markOf, outsidersJob } from './given-up.ts'
import type { TableSnapshot } from './global-table.ts'
import { LOOK_JOBS } from './inbox.ts'
import { type Job, PARKED } from './job.ts'
import { Lanes } from './lanes.ts'
import type { Outlets } from './outlets.ts'
import { reportFailure } from './record-failure.ts'
import { RecordRun, type RunHost } from './record-run.ts'
import { type RefusedWork, settleRefused } from './refused-outputs.ts'
import type { SourceIntake } from './source-intake.ts'
import { SourceJob } from './source-job.ts'
import type { StageProgram } from './stage-program.ts'
import { Staging } from './staging.ts'
import { stepChunkBytesMaxOf, stepWrites } from './step-journal.ts'
import type { TaskHost } from './task-host.ts'
import { TimerJob } from './timer-job.ts'

/** What a task's work needs of the task. */
export interface WorkOwner {
  /** The task is on its way out: what is in progress may end, and nothing is begun. */
  isLeaving(): boolean
  /** Effects wait for a commit. */
  staged(bytes: number): void
  /** Runs what may touch the local copy of the state; gives nothing when that has failed and the task is closed. */
  guard<T>(action: () => T): T | undefined
}

export class TaskWork implements RunHost {
  readonly name: string
  readonly state: TaskState
  readonly outlets: Outlets
  readonly staging: Staging
  readonly system: System
  readonly logger: Logger
  readonly hopsMax: number
  readonly stateBytesMax: number
  readonly #stepChunkBytesMax: number
  /** Jobs begun and not done, each with its attempt under way, or none while it waits for the next. */
  readonly #active = new Map<Job, RecordRun | undefined>()
  readonly #lanes = new Lanes()
  readonly #program: StageProgram
  readonly #intakes: readonly SourceIntake[]
  readonly #timers: TimerQueue
  readonly #host: TaskHost
  readonly #deaths: DeathRate
  readonly #owner: WorkOwner
  #turn = 0
  /** Read once for all that one step starts. */
  #now = 0
  #accepting = true
  /** Jobs in progress that have no effect any more, and run again. */
  readonly #superseded = new Set<Job>()
  /** Jobs that wait for something to be fetched: no other is started, so that what waits cannot fill the pod. */
  #postponed = 0
  #closed = false

  constructor(
    name: string,
    program: StageProgram,
    state: TaskState,
    intakes: readonly SourceIntake[],
    timers: TimerQueue,
    host: TaskHost,
    owner: WorkOwner,
  ) {
    this.name = name
    this.state = state
    this.outlets = host.outlets
    this.staging = new Staging(state, timers)
    this.system = host.system
    this.logger = host.logger
    this.hopsMax = host.limits.hopsMax
    const { bytes } = this.outlets.of(program.stage.stateTopic).limit
    this.stateBytesMax = stateBytesMaxOf(bytes)
    this.#stepChunkBytesMax = stepChunkBytesMaxOf(bytes)
    this.#program = program
    this.#intakes = intakes
    this.#timers = timers
    this.#host = host
    this.#owner = owner
    this.#deaths = new DeathRate()
  }

  /** Starts at most `budget` jobs, and few after this moment of the monotonic clock; returns how many. */
  start(budget: number, until: number): number {
    return this.#owner.guard(() => this.#start(budget, until)) ?? 0
  }

  #start(budget: number, until: number): number {
    let started = 0
    this.#now = this.system.now()
    const { metrics, inFlightMax } = this.#program
    while (started < budget && metrics.inFlight < inFlightMax && this.#mayStart()) {
      const job = this.#nextJob()
      if (!job) break
      started++
      if (job !== PARKED) this.#run(job)
      if (started % LOOK_JOBS === 0 && this.system.monotonic() >= until) break
    }
    return started
  }

  get inFlight(): number {
    return this.#active.size
  }
  /** What is in progress and the operator that each is at; none while it waits for its next attempt. */
  get inProgress(): readonly { readonly job: Job; readonly node: string | undefined }[] {
    return [...this.#active].map(([job, run]) => ({ job, node: run?.node?.name }))
  }
  get parked(): number {
    return this.#lanes.parked
  }

  /** When something that waits for time goes on: a timer, or the head of a delay tier; it may be due already. */
  nextDue(): number | undefined {
    const dues = this.#intakes.map(intake => this.#heldUntil(intake)).filter(due => due > 0)
    const timer = this.#owner.guard(() => this.#timers.nextDue())
    if (timer !== undefined) dues.push(timer)
    return dues.length > 0 ? Math.min(...dues) : undefined
  }

  /** No further job is started; those in progress go on. */
  stopAccepting(): void {
    this.#accepting = false
  }
  accept(): void {
    this.#deaths.reset()
    this.#accepting = true
  }

  /** Ends everything in progress without effect. */
  close(): void {
    this.#closed = true
    this.#accepting = false
    for (const [job, run] of this.#active) {
      this.#program.metrics.inFlight--
      job.finished = true
      run?.abort(new CaudalError('ABORTED'))
    }
    this.#active.clear()
  }

  /** Outputs that are staged again are refused for good. */
  refused(refusals: ReadonlyMap<NewRecord, Refusal>): void {
    this.#owner.guard(() => settleRefused(this.#refusedWork(), refusals))
  }

  journal(job: Job, callId: string, value: Uint8Array): void {
    if (this.#closed || job.finished) return
    if (this.state.get(stepEntry(callId))) return // An earlier attempt was answered first: what is journaled stands.
    const writes = stepWrites(callId, value, this.system.now(), this.#stepChunkBytesMax)
    job.steps ??= new Set()
    for (const entry of writes.keys()) job.steps.add(entry)
    this.#program.metrics.stepsRun++
    this.#owner.staged(this.state.stage(writes))
    this.#host.wake()
  }

  replayed(): void {
    this.#program.metrics.stepsReplayed++
  }

  whenMayCall(): Promise<void> | undefined {
    return this.#host.whenMayCall()
  }

  snapshot(table: string): TableSnapshot<unknown> {
    return this.#host.snapshot(table)
  }

  #mayStart(): boolean {
    return this.#accepting && this.#postponed === 0 && this.#host.mayStart()
  }

  #nextJob(): Job | undefined {
    return this.#lanes.takeReady() ?? this.#nextTimer() ?? this.#nextRecord()
  }

  #nextTimer(): Job | undefined {
    for (const timer of this.#timers.takeDue(this.#now, 1)) {
      const node = this.#program.nodes.get(timer.operator)
      if (!node) continue
      const job = new TimerJob(this.name, node, timer.name, timer.key, timer.due)
      return this.#lanes.enter(job) ? job : PARKED
    }
    return undefined
  }

  #nextRecord(): Job | undefined {
    const { length } = this.#intakes
    for (let tried = 0; tried < length; tried++) {
      const intake = this.#intakes[this.#turn++ % length]
      if (!intake || this.#heldUntil(intake) > this.#now) continue
      const record = intake.take()
      if (!record) continue
      const { tiers } = this.#program
      const job =
        tiers.length > 0
          ? new DelayJob(intake, record, this.#program, this.outlets)
          : this.#program.outsiders.has(intake.topic)
            ? outsidersJob(intake, record, this.state)
            : new SourceJob(intake, record)
      return this.#lanes.enter(job) ? job : PARKED
    }
    return undefined
  }

  /** When the head of a delay tier goes on; 0 for records that do not wait. */
  #heldUntil(intake: SourceIntake): number {
    if (this.#program.tiers.length === 0) return 0
    const tier = this.#program.tiers.find(({ outlet }) => outlet.topic === intake.topic)
    const head = tier && intake.peek()
    return tier && head ? holdUntil(head, tier.waitMs, this.system) : 0
  }

  #run(job: Job): void {
    if (job instanceof TimerJob && !job.isDue(this.state)) return this.#lanes.leave(job)
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

  /** Within a step of the pod, unless the task is closed by then. */
  #later(action: () => void): void {
    this.#host.enqueue(() => this.#closed || this.#owner.guard(action))
  }

  #hold(job: Job, run: RecordRun | undefined): void {
    if (!this.#active.has(job)) this.#program.metrics.inFlight++
    this.#active.set(job, run)
    this.#lanes.hold(job)
  }

  #completed(job: Job, run: RecordRun): void {
    if (run.postponedBy) return this.#postpone(job, run, run.postponedBy)
    if (run.failedBy) return this.#failed(job, run, run.failedBy.error)
    run.end()
    if (job instanceof TimerJob) this.#program.metrics.timersFired++
    if (job.steps) for (const entry of job.steps) run.write(entry, null)
    this.#finish(job, run)
    this.#deaths.lived(this.system.monotonic())
  }

  /** Stages the effects of a run and lets the next job of the lane go. */
  #finish(job: Job, run: RecordRun): void {
    job.finished = true
    const bytes = this.staging.add(run)
    this.#program.metrics.recordsOut += run.outputs.length
    if (job instanceof SourceJob || job instanceof DelayJob) job.intake.complete(job.record)
    if (this.#active.delete(job)) this.#program.metrics.inFlight--
    this.#lanes.leave(job)
    this.#owner.staged(bytes)
  }

  #failed(job: Job, run: RecordRun, thrown: unknown): void {
    const error = run.postponedBy ?? thrown
    if (error instanceof NotYetReadable) return this.#postpone(job, run, error)
    run.end()
    const action = failureAction(error, job, run.node, this.#host.limits.retryAttempts, this)
    const node = run.node?.name ?? this.name
    this.#report(job, node, error, action)
    if (action === 'retry') return this.#retry(job)
    if (action === 'deadLetter') return this.#deadLetter(job, error, node)
    this.#hold(job, undefined)
    if (action === 'releaseTask') this.#host.release(this.name, error)
    else if (action === 'blockTask') this.#host.block(this.name, error)
    else this.#host.fail(error)
  }

  #report(job: Job, node: string, error: unknown, action: Action): void {
    reportFailure({ job, task: this.name, node, error, action }, this.#program.metrics, this.#host)
  }

  #retry(job: Job): void {
    this.#hold(job, undefined)
    const delayMs = this.#host.limits.retryDelayMs * 2 ** (job.attempt - 1)
    this.system.after(delayMs, () =>
      this.#later(() => (this.#owner.isLeaving() ? this.#giveBack(job) : this.#runAgain(job))),
    )
  }

  /** Whoever has the task next makes the next attempt: what it waits for may take as long as the last one. */
  #giveBack(job: Job): void {
    if (this.#active.delete(job)) this.#program.metrics.inFlight--
    this.#host.wake()
  }

  /** Costs no attempt. What a step has bought meanwhile is in the journal. */
  #postpone(job: Job, run: RecordRun, error: NotYetReadable): void {
    run.end()
    if (--job.attempt === 0) this.#program.metrics.recordsIn--
    this.#hold(job, undefined)
    this.#postponed++
    this.logger.warn('the task waits before it starts more', { task: this.name, error: error.message })
    error.ready.then(() =>
      this.#later(() => {
        this.#postponed--
        this.#runAgain(job)
      }),
    )
  }

  #runAgain(job: Job): void {
    if (this.#isVoid(job)) return
    this.#now = this.system.now()
    this.#run(job)
  }

  #deadLetter(job: Job, error: unknown, node: string): void {
    this.#finish(job, this.#giveUp(job, error, node))
    this.#died(job, error, node)
  }

  /** The effects of a job that is given up. */
  #giveUp(job: Job, error: unknown, node: string): RecordRun {
    const run = new RecordRun(job, this, this.system.now())
    run.end()
    if (job instanceof TimerJob) run.write(job.entry, null)
    if (job instanceof SourceJob && job.isOutsiders) run.write(...markOf(job.id, job.record, run.now))
    run.outputs.push(deadLetterOf(job, error, this.name, node, this.#host))
    return run
  }

  #refusedWork(): RefusedWork {
    return {
      staging: this.staging,
      deadLetterTopic: this.#host.deadLetters.topic,
      deadLetter: (job, error, node = this.name) => {
        this.#report(job, node, error, 'deadLetter')
        this.#owner.staged(this.staging.add(this.#giveUp(job, error, node)))
        this.#died(job, error, node)
      },
      supersede: keys => this.#supersede(keys),
      runAgain: jobs => {
        const active = new Set([...this.#active.keys()].map(({ key }) => key))
        const clones = jobs.filter(job => !(job instanceof TimerJob)).map(job => job.again())
        this.#lanes.rewind(clones, key => active.has(key))
        this.#host.wake()
      },
      block: error => {
        if (!this.#accepting) return
        this.#accepting = false
        this.#host.block(this.name, error)
      },
    }
  }

  /** They end as they may, so that what they have bought is journaled. A timer among them stands again where it stood. */
  #supersede(keys: ReadonlySet<string>): Job[] {
    const ofKeys = [...this.#active.keys()].filter(({ key }) => key !== null && keys.has(key))
    const jobs = ofKeys.filter(job => !this.#superseded.has(job))
    for (const job of jobs) {
      this.#superseded.add(job)
      if (job instanceof TimerJob) this.#timers.set(...job.queued)
    }
    return jobs
  }

  /** It ran upon what was withdrawn: it has no effect, and those before it in its lane go first. */
  #isVoid(job: Job): boolean {
    if (!this.#superseded.delete(job)) return false
    this.#giveBack(job)
    this.#lanes.leave(job)
    return true
  }

  #died(job: Job, error: unknown, node: string): void {
    const isOutsiders = job instanceof SourceJob && job.isOutsiders
    const death = this.#deaths.diedOf(error, node, isOutsiders, this.system.monotonic())
    if (death) this.#host.block(this.name, new CaudalError('TOO_MANY_DEAD', { task: this.name, ...death }))
  }
}
