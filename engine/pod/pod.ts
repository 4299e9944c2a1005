/**
 * One process running tasks. All progress goes through `step`, in this order:
 *
 * 1. run the callbacks in the inbox
 * 2. let ownership advance
 * 3. commit what is staged
 * 4. start records while the gate is open
 * 5. commit what has completed meanwhile
 *
 * Nothing else changes a task. So a test or the simulation drives the same step on virtual time.
 */

import { CaudalError, failureFields, hasCode, reasonOf } from '#core/errors.ts'
import type { PodMetrics } from '#core/pod-metrics.ts'
import { type TaskId, type TopicPartition, taskKey } from '#core/record.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Task } from '#engine/task/task.ts'
import type { TablePosition } from '#engine/topics/pod-tables.ts'
import { updateGauges } from './gauges.ts'
import { OwnedTasks } from './owned-tasks.ts'
import { PodLifecycle, type PodPhase } from './pod-lifecycle.ts'
import { type PodOptions, type PodParts, partsOf } from './pod-parts.ts'
import { prepareLog } from './preparation.ts'
import { type Health, Resources } from './resources.ts'
import { StallDetector } from './stall.ts'

/** Added to the grace time of a stop, for the commits that hand over. */
const STOP_PATIENCE_MS = 10_000
/** A closed gate that time alone may open is evaluated again after so long. */
const GATE_LOOK_MS = 100

export class Pod {
  readonly context: PodContext
  readonly #life = new PodLifecycle()
  readonly #options: PodOptions
  readonly #parts: PodParts
  readonly #stall: StallDetector
  readonly #resources: Resources
  readonly #closed = Promise.withResolvers<void>()
  #cancelPatience: (() => void) | undefined
  /** The tasks that ran when the stop began. */
  #lastTasks: readonly Task[] = []

  constructor(options: PodOptions) {
    const { limits, system } = options
    this.#options = options
    this.#resources = new Resources(options.resources ?? [], options.logger)
    const parts = partsOf(options, {
      step: () => this.step(),
      joined: (generation, tasks) => this.#joined(generation, tasks),
      isStopping: () => this.phase === 'stopping',
      tasks: () => this.tasks,
      producerLost: error => this.#producerLost(error),
      release: (task, error) => this.release(task, error),
      fail: error => this.fail(error),
    })
    this.#parts = parts
    this.context = parts.context
    this.#stall = new StallDetector(system, limits.sessionTimeoutMs, stalledMs => this.#stalled(stalledMs))
  }

  get phase(): PodPhase {
    return this.#life.phase
  }

  get incarnation(): string {
    return this.context.incarnation
  }

  /** Prepares the log, reads the global tables, opens the resources, and joins the group. Resolves once the join was sent. */
  async start(): Promise<void> {
    this.#life.move('starting')
    const { log, system, logger, topics, outlets, application, limits } = this.context
    const patience = { system, logger, isWanted: () => this.phase === 'starting' }
    outlets.describe(await prepareLog(this.#options.plan, log, patience, topics))
    if (this.phase !== 'starting') return
    await this.#parts.tables.start()
    if (this.phase !== 'starting') return
    await this.#resources.open()
    if (this.phase !== 'starting') return
    this.#life.move('running')
    this.#stall.start()
    this.#parts.upkeep.start()
    const owned = new OwnedTasks(this.context)
    this.#parts.upkeep.every(1_000, () => this.#parts.ownership.checkTimeouts())
    this.#parts.upkeep.every(1_000, () => this.#parts.blocks.look())
    this.#parts.watch.start(this.#parts.upkeep)
    this.#parts.upkeep.every(1_000, () => owned.look(this.#parts.ownership.generation, this.tasks))
    const ends = async (places: readonly TopicPartition[]) => (await log.bounds(places)).map(({ end }) => end)
    this.#parts.meter.started({ application, limits, metrics: () => this.metrics, ends })
    this.#parts.group.join()
  }

  /** Finishes what is in flight within the grace time, commits, hands over, and leaves the group. */
  async stop(): Promise<void> {
    if (this.phase === 'created' || this.phase === 'starting') this.#end('stopped')
    if (this.phase === 'running') {
      this.#life.move('stopping')
      this.#lastTasks = this.tasks
      this.enqueue(() => this.#parts.ownership.assign([]))
      this.enqueue(() => this.#parts.group.membership?.rejoin())
      const graceMs = this.#options.limits.handOverMaxMs + STOP_PATIENCE_MS
      this.#cancelPatience = this.#options.system.after(graceMs, () =>
        this.enqueue(() => this.#giveUpStopping()),
      )
    }
    if (this.phase === 'stopping') await this.whenClosed
  }

  /** Resolves when the pod has ended and nothing of it is open any more. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise
  }

  /** The resources of this pod, for probes. */
  get health(): readonly Health[] {
    return this.#resources.health
  }

  get tasks(): readonly Task[] {
    return [...this.#parts.ownership.held.values(), ...this.#parts.ownership.leaving.values()].map(
      ({ task }) => task,
    )
  }

  /** Figures of this pod. Gauges are computed when this is read. */
  get metrics(): PodMetrics {
    const { metrics } = this.#parts.meter
    updateGauges(metrics, this.tasks, { ...this.#parts, system: this.#options.system })
    return metrics
  }

  /** No fetched record is in progress, staged, or in a commit under way. */
  get isIdle(): boolean {
    const busy = this.tasks.some(
      ({ phase, work, intakes }) =>
        phase !== 'running' || !work || work.inFlight > 0 || intakes.some(({ buffered }) => buffered > 0),
    )
    return !busy && this.isCommitted
  }

  /** Nothing waits for a commit or for the next step. */
  get isCommitted(): boolean {
    return this.#parts.committer.isIdle && this.#parts.inbox.isEmpty
  }

  /** How far the global tables are read. */
  get tablePositions(): readonly TablePosition[] {
    return this.#parts.tables.positions
  }

  enqueue(callback: () => void): void {
    this.#parts.inbox.enqueue(callback)
  }

  wake(): void {
    this.#parts.inbox.wake()
  }

  /** One turn of the loop. */
  step(): void {
    if (this.#life.hasEnded) return
    try {
      this.#parts.inbox.take()
      this.#parts.ownership.advance()
      // Staged effects are committed before new records start, because starting may take long.
      this.#commit()
      this.#parts.gate.look()
      const more = this.#parts.turns.take()
      this.#commit()
      this.#finishStop()
      if (more) this.wake()
      else this.#wakeWhenDue()
    } catch (error) {
      this.fail(error)
    }
  }

  #commit(): void {
    if (this.#parts.ownership.isSettled) this.#parts.committer.commit()
  }

  /**
   * Lets a blocked task go on at the next step. A task with too many dead letters goes on where it stopped. Any other task is
   * restarted from its state and its checkpoint. Rejects with REJECTED if this pod has no such task.
   */
  resume(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.enqueue(() => {
        const task = this.tasks.find(each => each.name === name)
        if (task?.phase === 'blocked') this.#resume(task)
        if (task) resolve()
        else reject(new CaudalError('REJECTED', { reason: `this pod has no task ${name}` }))
      })
    })
  }

  #resume(task: Task): void {
    const { blockedBy } = task
    const keepsWork = hasCode(blockedBy, 'TOO_MANY_DEAD') || hasCode(blockedBy, 'PARTITION_UNWRITABLE')
    if (keepsWork && task.work) task.resume()
    else this.release(task.name, blockedBy)
  }

  release(name: string, error: unknown): void {
    this.#options.logger.warn('a task is restarted', { task: name, ...failureFields(error) })
    this.enqueue(() => this.#parts.ownership.drop(name))
  }

  fail(error: unknown): void {
    if (this.#life.hasEnded) return
    this.#options.logger.error('the pod has failed', failureFields(error))
    this.#end('failed')
    this.#parts.meter.stopped(reasonOf(error))
    this.#options.onFailed(error)
  }

  #joined(generation: number, tasks: readonly TaskId[]): void {
    const mine = this.phase === 'stopping' ? [] : this.#parts.factory.known(tasks).map(taskKey)
    this.#parts.meter.joined(generation, mine)
    this.#parts.ownership.joined(generation, mine)
  }

  #wakeWhenDue(): void {
    const looksAgain = !this.#parts.gate.isOpen && this.#parts.ownership.isSettled
    this.#parts.inbox.wakeAt(this.#parts.turns.nextDue(), looksAgain ? GATE_LOOK_MS : undefined)
  }

  #finishStop(): void {
    if (this.phase !== 'stopping' || !this.#parts.ownership.isEmpty || !this.#parts.committer.isIdle) return
    this.#life.move('stopped')
    // The last commits moved the positions. Without this, lag tools would count the committed records as waiting.
    const stored = this.#parts.upkeep.storePositions(this.#lastTasks)
    stored
      .then(() => this.#parts.group.leave())
      .catch(error => this.#options.logger.warn('leaving the group failed', failureFields(error)))
      .then(() => this.#ended('stopped'))
  }

  /** Leaves without handing over the remaining tasks: their next owners fence this pod. */
  #giveUpStopping(): void {
    if (this.phase !== 'stopping') return
    this.#options.logger.warn('stopping takes too long: leaving without hand-over')
    this.#parts.ownership.abandon()
    this.#parts.committer.abandon()
    this.#finishStop()
  }

  #end(phase: 'stopped' | 'failed'): void {
    this.#life.move(phase)
    this.#ended(phase)
  }

  #ended(phase: 'stopped' | 'failed'): void {
    this.#cancelPatience?.()
    this.#stall.stop()
    this.#parts.inbox.close()
    this.#parts.upkeep.stop()
    this.#parts.ownership.close()
    this.#parts.tables.close()
    this.#parts.committer.dropProducer()
    // The program may live on after its pod has failed. So the pod leaves the group, and other pods get its tasks.
    const left = phase === 'failed' ? this.#parts.group.leave() : undefined
    const hasLeft = left?.catch(error =>
      this.#options.logger.warn('leaving the group failed', failureFields(error)),
    )
    Promise.all([this.#parts.factory.whenClosed(), hasLeft])
      .then(() => this.#resources.close())
      .then(this.#closed.resolve)
  }

  #producerLost(error: unknown): void {
    // INTERNAL is a bug in our code or in a library, not a failure of the log. The next producer would fail the same way.
    if (hasCode(error, 'INTERNAL')) return this.fail(error)
    this.#parts.meter.commitFailed(error)
    this.#options.logger.warn('the producer is replaced', failureFields(error))
    this.#parts.ownership.producerLost(error)
    this.#parts.watch.look()
  }

  #stalled(stalledMs: number): void {
    this.#parts.meter.stalled(stalledMs)
    const error = new CaudalError('LOG_UNAVAILABLE', { reason: `stalled for ${stalledMs} ms` })
    this.#parts.confirmation.doubt()
    this.enqueue(() => this.#producerLost(error))
  }
}
