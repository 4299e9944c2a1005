/**
 * One process running tasks. All progress goes through `step`: it takes what callbacks have put into the inbox, lets
 * ownership advance, starts records while the gate is open, fetches where there is room, and commits what is staged.
 * Nothing else changes a task, so a test or the simulation drives the same step on virtual time.
 */

import type { PodMetrics } from '#core/diagnostics.ts'
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import type { Limits } from '#core/limits.ts'
import type { Logger } from '#core/operator.ts'
import { type TaskId, taskKey } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { Committer } from '#engine/commit/committer.ts'
import { Meter } from '#engine/commit/meter.ts'
import { Outlets } from '#engine/commit/outlets.ts'
import type { Log } from '#engine/log/log.ts'
import { Confirmation } from '#engine/ownership/confirmation.ts'
import { incarnationOf } from '#engine/ownership/incarnation.ts'
import { Ownership } from '#engine/ownership/ownership.ts'
import { StateTail } from '#engine/ownership/state-tail.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { Gate } from '#engine/task/gate.ts'
import type { Task } from '#engine/task/task.ts'
import { PlanTopics, type TopicAnswers } from '#engine/topics/plan-topics.ts'
import { PodTables, type TablePosition } from '#engine/topics/pod-tables.ts'
import type { Plan } from '#topology/plan.ts'
import { statePlacesOf, writePlacesOf } from '#topology/plan-tasks.ts'
import { updateGauges } from './gauges.ts'
import { Group } from './group.ts'
import { Inbox } from './inbox.ts'
import { OwnedTasks } from './owned-tasks.ts'
import { PodLifecycle, type PodPhase } from './pod-lifecycle.ts'
import { prepareLog } from './preparation.ts'
import { StallDetector } from './stall.ts'
import { TaskFactory } from './task-factory.ts'
import { TopicWatch } from './topic-watch.ts'
import { Turns } from './turns.ts'
import { Upkeep } from './upkeep.ts'

/** Added to the grace time of a stop, for the commits that hand over. */
const STOP_PATIENCE_MS = 10_000
/** A gate that time has shut is looked at again after so long. */
const GATE_LOOK_MS = 100

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

export class Pod {
  readonly context: PodContext
  readonly #life = new PodLifecycle()
  readonly #options: PodOptions
  readonly #meter: Meter
  readonly #inbox: Inbox
  readonly #tables: PodTables
  readonly #committer: Committer
  readonly #group: Group
  readonly #confirmation: Confirmation
  readonly #gate: Gate
  readonly #factory: TaskFactory
  readonly #ownership: Ownership
  readonly #turns: Turns
  readonly #watch: TopicWatch
  readonly #upkeep: Upkeep
  readonly #stall: StallDetector
  #cancelPatience: (() => void) | undefined
  /** Those that ran when the stop began. */
  #lastTasks: readonly Task[] = []
  #stopped: (() => void)[] = []

  constructor(options: PodOptions) {
    const { plan, log, system, limits, logger, name, stores } = options
    const { sessionTimeoutMs } = limits
    const incarnation = incarnationOf(name, system)
    this.#options = options
    this.#inbox = new Inbox(system, () => this.step())
    this.#meter = new Meter(incarnation)
    this.#tables = new PodTables(plan, log, system, limits, logger, error => this.fail(error))
    this.#committer = new Committer({
      system,
      incarnation,
      meter: this.#meter,
      enqueue: callback => this.enqueue(callback),
      claimsOf: task => this.#ownership.claimsOf(task),
      onProducerLost: error => this.#producerLost(error),
    })
    this.#gate = new Gate(
      limits,
      this.#committer,
      () => this.#gateFacts(),
      () => this.wake(),
    )
    const pod = this.#contextOf(incarnation)
    this.context = pod
    this.#group = new Group({
      plan,
      pod,
      owned: () => this.#owned(),
      isDraining: () => this.phase === 'stopping',
      onJoined: (generation, tasks) => this.#joined(generation, tasks),
      onLost: reason => this.#ownership.lost(reason),
    })
    const { committer, membership } = { committer: this.#committer, membership: () => this.#group.membership }
    this.#confirmation = new Confirmation({ system, sessionTimeoutMs, membership, committer })
    this.#factory = new TaskFactory({
      plan,
      pod,
      stores,
      onChanged: () => this.wake(),
      onStaged: (task, bytes) => committer.staged(task, bytes),
      onStuck: (task, error) => this.enqueue(() => this.#ownership.stuck(task.name, error)),
    })
    this.#ownership = new Ownership({
      pod,
      producer: `${plan.application}-${name}`,
      statePlaces: statePlacesOf(plan),
      writePlaces: writePlacesOf(plan),
      membership,
      confirmation: this.#confirmation,
      committer,
      makeTask: task => this.#factory.make(task),
      openTail: tail => new StateTail(tail),
    })
    this.#turns = new Turns(system, this.#ownership, committer)
    this.#watch = new TopicWatch(plan, pod)
    const onTorn = (error: unknown) => this.#ownership.isSettled && this.#producerLost(error)
    this.#upkeep = new Upkeep({ plan, name, pod, tasks: () => this.tasks, membership, onTorn })
    this.#stall = new StallDetector(system, sessionTimeoutMs, stalledMs => this.#stalled(stalledMs))
  }

  #contextOf(incarnation: string): PodContext {
    const { plan, log, system, limits, logger } = this.#options
    const outlets = new Outlets(plan, log.recordBytesMax)
    return {
      application: plan.application,
      incarnation,
      log,
      topics: new PlanTopics(plan, log, this.#options),
      system,
      limits,
      logger,
      meter: this.#meter,
      outlets,
      deadLetters: outlets.of(plan.deadLetterTopic),
      gate: this.#gate,
      tables: this.#tables,
      enqueue: callback => this.enqueue(callback),
      wake: () => this.wake(),
      release: (task, error) => this.release(task, error),
      block: (task, error) => this.#block(task, error),
      fail: error => this.fail(error),
    }
  }

  get phase(): PodPhase {
    return this.#life.phase
  }

  get incarnation(): string {
    return this.context.incarnation
  }

  /** Prepares the log, reads the global tables, joins the group. Resolves when the group was asked. */
  async start(): Promise<void> {
    this.#life.move('starting')
    const { log, system, logger, topics, outlets, application, limits } = this.context
    const patience = { system, logger, isWanted: () => this.phase === 'starting' }
    outlets.describe(await prepareLog(this.#options.plan, log, patience, topics))
    if (this.phase !== 'starting') return
    await this.#tables.start()
    if (this.phase !== 'starting') return
    this.#life.move('running')
    this.#stall.start()
    this.#upkeep.start()
    const owned = new OwnedTasks(this.context)
    this.#upkeep.every(1_000, () => this.#ownership.checkTimeouts())
    this.#watch.start(this.#upkeep)
    this.#upkeep.every(1_000, () => owned.look(this.#ownership.generation, this.tasks))
    this.#meter.started(application, limits, () => this.metrics)
    this.#group.join()
  }

  /** Hands over or finishes what is in flight within the grace time, commits, leaves the group. */
  async stop(): Promise<void> {
    if (this.phase === 'created' || this.phase === 'starting') this.#end('stopped')
    if (this.phase === 'running') {
      this.#life.move('stopping')
      this.#lastTasks = this.tasks
      this.enqueue(() => this.#ownership.assign([]))
      this.enqueue(() => this.#group.membership?.rejoin())
      const graceMs = this.#options.limits.handOverMaxMs + STOP_PATIENCE_MS
      this.#cancelPatience = this.#options.system.after(graceMs, () =>
        this.enqueue(() => this.#giveUpStopping()),
      )
    }
    if (this.phase !== 'stopping') return
    await new Promise<void>(resolve => this.#stopped.push(resolve))
  }

  get tasks(): readonly Task[] {
    return [...this.#ownership.held.values(), ...this.#ownership.leaving.values()].map(({ task }) => task)
  }

  /** Figures of this pod; those that show the present are brought up to date when this is read. */
  get metrics(): PodMetrics {
    const { metrics } = this.#meter
    updateGauges(metrics, this.tasks, this.#committer, this.#tables)
    return metrics
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
    if (this.#life.hasEnded) return
    try {
      this.#inbox.take()
      this.#ownership.advance()
      // What has arrived is under way before anything new is begun, which may take long; then what that has completed.
      this.#commit()
      this.#gate.look()
      const more = this.#turns.take()
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

  release(name: string, error: unknown): void {
    this.#options.logger.warn('a task is restarted', { task: name, error: reasonOf(error) })
    this.enqueue(() => this.#ownership.drop(name))
  }

  #block(name: string, error: unknown): void {
    this.#options.logger.error('a task is blocked', { task: name, error: reasonOf(error) })
    this.enqueue(() => this.#ownership.held.get(name)?.task.block(error))
  }

  fail(error: unknown): void {
    if (this.#life.hasEnded) return
    this.#options.logger.error('the pod stops', { error: reasonOf(error) })
    this.#end('failed')
    this.#meter.stopped(reasonOf(error))
    this.#options.onFailed(error)
  }

  #joined(generation: number, tasks: readonly TaskId[]): void {
    const mine = this.phase === 'stopping' ? [] : this.#factory.known(tasks).map(taskKey)
    this.#meter.joined(generation, mine)
    this.#ownership.joined(generation, mine)
  }

  #gateFacts() {
    const { stagedAgeMs } = this.#committer
    return { isConfirmed: this.#confirmation.isByAny, isSure: this.#ownership.isSure, stagedAgeMs }
  }

  #wakeWhenDue(): void {
    const looksAgain = !this.#gate.isOpen && this.#ownership.isSettled
    this.#inbox.wakeAt(this.#turns.nextDue(), looksAgain ? GATE_LOOK_MS : undefined)
  }

  #finishStop(): void {
    if (this.phase !== 'stopping' || !this.#ownership.isEmpty || !this.#committer.isIdle) return
    this.#life.move('stopped')
    // The last commits moved them; a tool that looks later would count their records as waiting.
    const stored = this.#upkeep.storePositions(this.#lastTasks)
    stored
      .then(() => this.#group.leave())
      .catch(error => this.#options.logger.warn('leaving the group failed', { error: reasonOf(error) }))
      .then(() => this.#ended('stopped'))
  }

  /** Whatever is not handed over by now is left to be fenced by its next owner. */
  #giveUpStopping(): void {
    if (this.phase !== 'stopping') return
    this.#options.logger.warn('stopping takes too long: leaving without hand-over')
    this.#ownership.abandon()
    this.#committer.abandon()
    this.#finishStop()
  }

  #end(phase: 'stopped' | 'failed'): void {
    this.#life.move(phase)
    this.#ended(phase)
  }

  #ended(phase: 'stopped' | 'failed'): void {
    this.#cancelPatience?.()
    this.#stall.stop()
    this.#inbox.close()
    this.#upkeep.stop()
    this.#ownership.close()
    this.#tables.close()
    this.#committer.dropProducer()
    // Whoever runs a pod within a longer life must not keep its tasks from the others.
    const left = phase === 'failed' ? this.#group.leave() : undefined
    left?.catch(error => this.#options.logger.warn('leaving the group failed', { error: reasonOf(error) }))
    this.#factory.whenClosed().then(() => {
      for (const resolve of this.#stopped.splice(0)) resolve()
    })
  }

  #producerLost(error: unknown): void {
    // A mistake in code, ours or the library's, is no trouble of the log: the next producer would meet it as well.
    if (hasCode(error, 'INTERNAL')) return this.fail(error)
    this.#meter.commitFailed(error)
    this.#options.logger.warn('the producer is replaced', { error: reasonOf(error) })
    this.#ownership.producerLost(error)
    this.#watch.look()
  }

  #stalled(stalledMs: number): void {
    this.#meter.stalled(stalledMs)
    const error = new CaudalError('LOG_UNAVAILABLE', { reason: `stalled for ${stalledMs} ms` })
    this.#confirmation.doubt()
    this.enqueue(() => this.#producerLost(error))
  }

  #owned(): TaskId[] {
    return this.tasks.filter(({ phase }) => phase === 'running').map(({ id }) => id)
  }
}
