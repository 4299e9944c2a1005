/**
 * One process running tasks. All progress goes through `step`: it takes what callbacks have put into the inbox, lets
 * ownership advance, starts records while the gate is open, fetches where there is room, and commits what is staged.
 * Nothing else changes a task, so a test or the simulation drives the same step on virtual time.
 */
import { CaudalError, hasCode, reasonOf } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import { type TaskId, taskKey } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import type { Plan } from '#topology/plan.ts'
import { encodeMemberData } from './assignment.ts'
import { countCommit, countFailed } from './commit-figures.ts'
import { Committer } from './committer.ts'
import { Confirmation } from './confirmation.ts'
import { PodMetrics, publish } from './diagnostics.ts'
import { Gate } from './gate.ts'
import { updateGauges } from './gauges.ts'
import { HALF_STEP_MS_MAX, Inbox } from './inbox.ts'
import { incarnationOf, isSamePod } from './incarnation.ts'
import type { Limits } from './limits.ts'
import { type Outlet, Outlets } from './outlets.ts'
import { OwnedTasks } from './owned-tasks.ts'
import { Ownership } from './ownership.ts'
import { groupTopicsOf, statePlacesOf, writePlacesOf } from './plan-tasks.ts'
import { PlanTopics, type TopicAnswers } from './plan-topics.ts'
import { PodTables, type TablePosition } from './pod-tables.ts'
import { prepareLog } from './preparation.ts'
import { stageVersionsOf } from './stage-versions.ts'
import { StallDetector } from './stall.ts'
import type { Task } from './task.ts'
import { TaskFactory } from './task-factory.ts'
import type { TaskHost } from './task-host.ts'
import { TopicWatch } from './topic-watch.ts'
import { Upkeep } from './upkeep.ts'
import { assignVersions } from './version-assignment.ts'

/** Added to the grace time of a stop, for the commits that hand over. */
const STOP_PATIENCE_MS = 10_000
/** A gate that time has shut is looked at again after so long. */
const GATE_LOOK_MS = 100
/** Records that one task may start within one step, so that no task and no commit waits long for another. */
const STEP_RECORDS_MAX = 256

export interface PodOptions extends TopicAnswers {
  readonly plan: Plan
  readonly log: Log
  readonly system: System
  readonly stores: StoreFactory
  readonly limits: Limits
  readonly logger: Logger
  /** Unique among the pods of the application that live at the same time. */
  readonly name: string
  /** The pod ended by itself: an error that it cannot live with. */
  readonly onFailed: (error: unknown) => void
}

export type PodPhase = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

export class Pod implements TaskHost {
  phase: PodPhase = 'created'
  readonly application: string
  readonly incarnation: string
  readonly log: Log
  readonly topics: PlanTopics
  readonly system: System
  readonly limits: Limits
  readonly logger: Logger
  readonly outlets: Outlets
  readonly deadLetters: Outlet
  readonly #metrics = new PodMetrics()
  readonly #options: PodOptions
  readonly #tables: PodTables
  readonly #committer: Committer
  readonly #ownership: Ownership
  readonly #stall: StallDetector
  readonly #upkeep: Upkeep
  readonly #watch: TopicWatch
  readonly #inbox: Inbox
  readonly #factory: TaskFactory
  #membership: Membership | undefined
  readonly #gate: Gate
  readonly #confirmation: Confirmation
  /** When the step under way began to start records: wall time, as due times are. */
  #steppedAt = 0
  #cancelPatience: (() => void) | undefined
  /** Those that ran when the stop began. */
  #lastTasks: readonly Task[] = []
  #stopped: (() => void)[] = []

  constructor(options: PodOptions) {
    const { plan, log, system, limits, logger, name } = options
    this.#options = options
    this.application = plan.application
    this.log = log
    this.topics = new PlanTopics(plan, log, options)
    this.system = system
    this.limits = limits
    this.logger = logger
    this.incarnation = incarnationOf(name, system)
    this.#inbox = new Inbox(system, () => this.step())
    this.outlets = new Outlets(plan, log.recordBytesMax)
    this.deadLetters = this.outlets.of(plan.deadLetterTopic)
    this.#tables = new PodTables(plan, log, system, limits, logger, error => this.fail(error))
    this.#committer = new Committer({
      system,
      incarnation: this.incarnation,
      enqueue: callback => this.enqueue(callback),
      claimsOf: task => this.#ownership.claimsOf(task),
      onCommitted: commit => countCommit(this.#metrics, commit, this),
      onRefused: error => countFailed(this.#metrics, error, this),
      onProducerLost: error => this.#producerLost(error),
    })
    this.#factory = new TaskFactory({
      plan,
      host: this,
      stores: options.stores,
      metrics: this.#metrics,
      onChanged: () => this.wake(),
      onStaged: (task, bytes) => this.#committer.staged(task, bytes),
      onStuck: (task, error) => this.enqueue(() => this.#ownership.stuck(task.name, error)),
    })
    const committer = this.#committer
    const { sessionTimeoutMs } = limits
    const membership = () => this.#membership
    this.#gate = new Gate(limits, committer)
    this.#confirmation = new Confirmation({ system, sessionTimeoutMs, membership, committer })
    this.#ownership = new Ownership({
      host: this,
      producer: `${plan.application}-${name}`,
      statePlaces: statePlacesOf(plan),
      writePlaces: writePlacesOf(plan),
      membership,
      confirmation: this.#confirmation,
      committer,
      makeTask: task => this.#factory.make(task),
      metrics: this.#metrics,
    })
    this.#watch = new TopicWatch(plan, this)
    this.#upkeep = new Upkeep({
      plan,
      name,
      host: this,
      tasks: () => this.tasks,
      membership,
      onTorn: error => this.#ownership.isSettled && this.#producerLost(error),
    })
    this.#stall = new StallDetector(system, sessionTimeoutMs, stalledMs => this.#stalled(stalledMs))
  }

  /** Prepares the log, reads the global tables, joins the group. Resolves when the group was asked. */
  async start(): Promise<void> {
    this.phase = 'starting'
    const { system, logger } = this
    const isWanted = () => this.phase === 'starting'
    const patience = { system, logger, isWanted }
    const topics = await prepareLog(this.#options.plan, this.log, patience, this.topics)
    this.outlets.describe(topics)
    if (this.phase !== 'starting') return
    await this.#tables.start()
    if (this.phase !== 'starting') return
    this.phase = 'running'
    this.#stall.start()
    this.#upkeep.start()
    const owned = new OwnedTasks(this)
    this.#upkeep.every(1_000, () => this.#ownership.checkTimeouts())
    this.#watch.start(this.#upkeep)
    this.#upkeep.every(1_000, () => owned.look(this.#ownership.generation, this.tasks))
    publish('caudal:pod:started', {
      pod: this.incarnation,
      application: this.application,
      limits: this.limits,
      metrics: () => this.metrics,
    })
    const stages = stageVersionsOf(this.#options.plan)
    this.#membership = this.log.joinGroup({
      group: this.application,
      member: this.incarnation,
      sessionTimeoutMs: this.limits.sessionTimeoutMs,
      hasEnded: member => isSamePod(this.incarnation, member),
      topics: groupTopicsOf(this.#options.plan),
      memberData: () =>
        encodeMemberData({ owned: this.#owned(), draining: this.phase === 'stopping', stages }),
      assign: members => assignVersions(members, stages),
      listener: {
        joined: (generation, tasks) => this.enqueue(() => this.#joined(generation, tasks)),
        lost: reason => this.enqueue(() => this.#ownership.lost(reason)),
      },
    })
  }

  /** Hands over or finishes what is in flight within the grace time, commits, leaves the group. */
  async stop(): Promise<void> {
    if (this.phase === 'created' || this.phase === 'starting') this.#end('stopped')
    if (this.phase === 'running') {
      this.phase = 'stopping'
      this.#lastTasks = this.tasks
      this.enqueue(() => this.#ownership.keepOnly([]))
      this.enqueue(() => this.#membership?.rejoin())
      const graceMs = this.limits.handOverMaxMs + STOP_PATIENCE_MS
      this.#cancelPatience = this.system.after(graceMs, () => this.enqueue(() => this.#giveUpStopping()))
    }
    if (this.phase !== 'stopping') return
    await new Promise<void>(resolve => this.#stopped.push(resolve))
  }

  get tasks(): readonly Task[] {
    return [...this.#ownership.holdings.values(), ...this.#ownership.leaving.values()].map(({ task }) => task)
  }

  /** Figures of this pod; those that show the present are brought up to date when this is read. */
  get metrics(): PodMetrics {
    updateGauges(this.#metrics, this.tasks, this.#committer, this.#tables)
    return this.#metrics
  }

  /** Nothing is in progress, staged or under way, as far as this pod has fetched. */
  get isIdle(): boolean {
    const busy = this.tasks.some(
      ({ phase, work, intakes }) =>
        phase !== 'running' || !work || work.inFlight > 0 || intakes.some(({ buffered }) => buffered > 0),
    )
    return !busy && this.isCommitted
  }

  /** Nothing waits for a commit or for the next step. */
  get isCommitted(): boolean {
    return this.#committer.isIdle && this.#inbox.isEmpty
  }

  /** How far the global tables are read. */
  get tablePositions(): readonly TablePosition[] {
    return this.#tables.positions
  }

  enqueue(callback: () => void): void {
    this.#inbox.enqueue(callback)
  }

  wake(): void {
    this.#inbox.wake()
  }

  /** One turn of the loop. */
  step(): void {
    if (this.phase === 'stopped' || this.phase === 'failed') return
    try {
      this.#inbox.take()
      this.#ownership.advance()
      // What has arrived is under way before anything new is begun, which may take long; then what that has completed.
      this.#commit()
      const more = this.#startRecords()
      this.#commit()
      this.#finishStop()
      if (more) this.wake()
      else this.#wakeWhenDue()
    } catch (error) {
      this.fail(error)
    }
  }

  #commit(): void {
    if (this.#ownership.isSettled) this.#committer.commit()
  }

  mayStart(): boolean {
    return this.#gate.admits
  }

  whenMayCall(): Promise<void> | undefined {
    this.#lookAtGate()
    return this.#gate.whenOpen()
  }

  snapshot(table: string) {
    return this.#tables.snapshot(table)
  }

  release(name: string, error: unknown): void {
    this.logger.warn('a task is restarted', { task: name, error: reasonOf(error) })
    this.enqueue(() => this.#ownership.drop(name))
  }

  block(name: string, error: unknown): void {
    this.logger.error('a task is blocked', { task: name, error: reasonOf(error) })
    this.enqueue(() => this.#ownership.holdings.get(name)?.task.block(error))
  }

  fail(error: unknown): void {
    if (this.phase === 'stopped' || this.phase === 'failed') return
    this.logger.error('the pod stops', { error: reasonOf(error) })
    this.#end('failed')
    publish('caudal:pod:stopped', { pod: this.incarnation, reason: reasonOf(error) })
    this.#options.onFailed(error)
  }

  #joined(generation: number, tasks: readonly TaskId[]): void {
    const mine = this.phase === 'stopping' ? [] : this.#factory.known(tasks)
    this.#metrics.rebalances++
    publish('caudal:group:joined', { pod: this.incarnation, generation, tasks: mine.map(taskKey) })
    this.#ownership.joined(generation, mine.map(taskKey))
  }

  /** True when there was more to start than one step allows: who had no turn is the first in the next one. */
  #startRecords(): boolean {
    this.#steppedAt = this.system.now()
    this.#lookAtGate()
    const until = this.system.monotonic() + HALF_STEP_MS_MAX
    for (const { task } of this.#ownership.leaving.values()) if (task.isDrained) this.#committer.touch(task)
    let more = false
    for (const holding of [...this.#ownership.holdings.values()]) {
      const { task } = holding
      if (task.phase !== 'running' || !task.work) continue
      const started = task.work.start(STEP_RECORDS_MAX, until)
      if (started === STEP_RECORDS_MAX) more = true
      if (started > 0) this.#ownership.hadItsTurn(holding)
      for (const intake of task.intakes) intake.fetch()
      if (this.system.monotonic() >= until) return true
    }
    return more
  }

  #lookAtGate(): void {
    const { stagedAgeMs } = this.#committer
    const isConfirmed = this.#confirmation.isByAny
    this.#gate.look({ isConfirmed, isSure: this.#ownership.isSure, stagedAgeMs })
  }

  #wakeWhenDue(): void {
    let due = Number.POSITIVE_INFINITY
    for (const { task } of this.#ownership.holdings.values()) {
      const next = task.work?.nextDue() ?? Number.POSITIVE_INFINITY
      // What was due when this step began and was not started waits for a gate or for room: no matter of time.
      if (next > this.#steppedAt) due = Math.min(due, next)
    }
    this.#inbox.wakeAt(due, !this.#gate.isOpen && this.#ownership.isSettled ? GATE_LOOK_MS : undefined)
  }

  #finishStop(): void {
    if (this.phase !== 'stopping' || !this.#ownership.isEmpty || !this.#committer.isIdle) return
    this.phase = 'stopped'
    // The last commits moved them; a tool that looks later would count their records as waiting.
    const stored = this.#upkeep.storePositions(this.#lastTasks)
    stored
      .then(() => this.#membership?.leave())
      .catch(error => this.logger.warn('leaving the group failed', { error: reasonOf(error) }))
      .then(() => this.#end('stopped'))
  }

  /** Whatever is not handed over by now is left to be fenced by its next owner. */
  #giveUpStopping(): void {
    if (this.phase !== 'stopping') return
    this.logger.warn('stopping takes too long: leaving without hand-over')
    this.#ownership.abandon()
    this.#committer.abandon()
    this.#finishStop()
  }

  #end(phase: 'stopped' | 'failed'): void {
    this.phase = phase
    this.#cancelPatience?.()
    this.#stall.stop()
    this.#inbox.close()
    this.#upkeep.stop()
    for (const { task } of [...this.#ownership.holdings.values(), ...this.#ownership.leaving.values()]) {
      task.close('closedDirty')
    }
    this.#tables.close()
    this.#committer.dropProducer()
    // Whoever runs a pod within a longer life must not keep its tasks from the others.
    const left = phase === 'failed' ? this.#membership?.leave() : undefined
    left?.catch(error => this.logger.warn('leaving the group failed', { error: reasonOf(error) }))
    this.#factory.whenClosed().then(() => {
      for (const resolve of this.#stopped.splice(0)) resolve()
    })
  }

  #producerLost(error: unknown): void {
    // A mistake in code, ours or the library's, is no trouble of the log: the next producer would meet it as well.
    if (hasCode(error, 'INTERNAL')) return this.fail(error)
    countFailed(this.#metrics, error, this)
    this.logger.warn('the producer is replaced', { error: reasonOf(error) })
    this.#ownership.producerLost(error)
    this.#watch.look()
  }

  #stalled(stalledMs: number): void {
    this.#metrics.stalls++
    publish('caudal:stall', { pod: this.incarnation, stalledMs })
    const error = new CaudalError('LOG_UNAVAILABLE', { reason: `stalled for ${stalledMs} ms` })
    this.#confirmation.doubt()
    this.enqueue(() => this.#producerLost(error))
  }

  #owned(): TaskId[] {
    return this.tasks.filter(({ phase }) => phase === 'running').map(({ id }) => id)
  }
}
