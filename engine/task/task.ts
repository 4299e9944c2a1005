/**
 * One stage on one partition number, as long as this pod holds it: restores, runs, leaves. Its life is the table in
 * task-lifecycle.ts. ownership.ts decides which pod may own a task. The effects of a task leave through the committer.
 */
import { asText } from '#core/codec.ts'
import { hasCode, invariant } from '#core/errors.ts'
import { type NewRecord, type TaskId, type TopicPartition, taskKey } from '#core/record.ts'
import { encodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { encodeRelease } from '#engine/commit/claims.ts'
import type { CommitPart, Committable } from '#engine/commit/commit-part.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { SourceIntake } from '#engine/record/source-intake.ts'
import { declarationsOf, type StageProgram } from '#engine/record/stage-program.ts'
import { CHECKPOINT, MARKER_PREFIX, RELEASE } from '#engine/state/layout.ts'
import type { Store, StoreFactory } from '#engine/state/store.ts'
import type { StateEntry, StoredEntries } from '#engine/state/stored-entries.ts'
import { TaskState } from '#engine/state/task-state.ts'
import { TimerQueue } from '#engine/state/timer-queue.ts'
import type { Plan } from '#topology/plan.ts'
import { sourcePlacesOf } from '#topology/plan-tasks.ts'
import { LocalCopy } from './local-copy.ts'
import { sourceFailure } from './source-starts.ts'
import { endOfMarkers, migrateLayout } from './state-migration.ts'
import { Sweep } from './sweep.ts'
import { TaskFailures } from './task-failures.ts'
import { assertMove, PASSING_BLOCKS, type TaskPhase } from './task-lifecycle.ts'
import { TaskPart } from './task-part.ts'
import { TaskSources } from './task-sources.ts'
import { TaskWork } from './task-work.ts'
import type { WorkingTask } from './working-task.ts'

export interface TaskOptions {
  readonly id: TaskId
  readonly program: StageProgram
  readonly pod: PodContext
  readonly stores: StoreFactory
  /** Resolves when an earlier holder of the local copy in this process has closed it. */
  readonly ready: Promise<void>
  readonly plan: Pick<Plan, 'renamedState' | 'droppedState'>
  /** Called so that ownership advances: a release or our own marker was read, or the phase has changed. */
  readonly onChanged: () => void
  /** Called when effects wait for a commit. */
  readonly onStaged: (task: Task, bytes: number) => void
  /** Called when the task cannot go on with what it has read. */
  readonly onStuck: (task: Task, error: unknown) => void
}

export class Task implements Committable, WorkingTask {
  readonly id: TaskId
  readonly name: string
  readonly program: StageProgram
  readonly pod: PodContext
  readonly statePlace: TopicPartition
  readonly #sourcePlaces: readonly TopicPartition[]
  phase: TaskPhase = 'restoring'
  /** The error that blocks the task. */
  blockedBy: unknown
  isMute = false
  committedLows: readonly number[] = []
  /** When these lows were reached last, by the monotonic clock. */
  committedAt = 0
  work: TaskWork | undefined
  readonly #copy: LocalCopy
  readonly #failures: TaskFailures
  #state: TaskState | undefined
  #sweep: Sweep | undefined
  #sources: TaskSources | undefined
  /** The task will be blocked, once its stored claim was read. */
  #cannotRun = false
  #cancelDeadline: (() => void) | undefined
  #onOpened: () => void = () => undefined
  readonly #options: TaskOptions

  constructor(options: TaskOptions) {
    const { program, id, pod } = options
    this.#options = options
    this.id = id
    this.name = taskKey(id)
    this.program = program
    this.pod = pod
    this.statePlace = { topic: program.stage.stateTopic, partition: id.partition }
    this.#sourcePlaces = sourcePlacesOf(program.stage, id.partition)
    this.#copy = new LocalCopy({
      ...options,
      stateTopic: this.statePlace.topic,
      sourcePlaces: this.#sourcePlaces,
      isWanted: () => this.isOpen,
      onOpened: store => this.guard(() => this.#opened(store)),
      onFailed: error => this.#failures.failed(sourceFailure(this.name, error)),
    })
    this.#failures = new TaskFailures(this, this.#copy, error => options.onStuck(this, error))
  }

  /** Resolves when its local copy is closed. */
  get whenClosed(): Promise<void> {
    return this.#copy.whenClosed
  }

  get intakes(): readonly SourceIntake[] {
    return this.#sources?.intakes ?? []
  }
  get isOpen(): boolean {
    return this.phase !== 'closedClean' && this.phase !== 'closedDirty'
  }

  /** Opens the local copy. Calls `opened` within a step of the pod. */
  open(opened: () => void): void {
    this.#onOpened = opened
    this.#copy.open()
  }

  /** The identity of the state topic, once the log was asked. */
  get stateTopicId(): string | undefined {
    return this.#copy.topicId
  }

  /** Entries of the engine's own that its state holds. */
  get stored(): StoredEntries {
    const state = this.#state
    invariant(state, `task ${this.name} was read before it was opened`)
    return { markers: state.entries(MARKER_PREFIX), release: state.get(RELEASE) }
  }

  /** Applies entries of the state topic up to this position. */
  restore(entries: readonly StateEntry[], position: number): void {
    this.#state?.restore(entries, position)
  }

  /** Something in the log blocks the task before it runs. The task goes on by itself once the log is fixed. */
  get isHeldUp(): boolean {
    const hasWorked = this.work !== undefined || this.#cannotRun
    return (
      this.phase === 'blocked' && !hasWorked && PASSING_BLOCKS.some(code => hasCode(this.blockedBy, code))
    )
  }

  /** Begins to work: the marker of this nonce settles ownership, and the state is whole. */
  run(nonce: string): void {
    const state = this.#state
    invariant(state, `task ${this.name} ran before it was opened`)
    if (this.#cannotRun) return
    const { pod, plan } = this.#options
    let migratedBytes = 0
    try {
      const migrated = migrateLayout(state, this.program.stage, this.name, plan)
      this.#sources = this.#sourcesOf(state)
      migratedBytes = state.stage(migrated)
      state.stage(endOfMarkers(state, nonce))
    } catch (error) {
      this.#cannotRun = true
      return this.#failures.failed(error)
    }
    const timers = new TimerQueue(state, pod.limits.timersWindowMax)
    this.work = new TaskWork(this, state, this.intakes, timers)
    this.#sweep = new Sweep(this, state, declarationsOf(this.program))
    this.#reached(this.#sources.lows)
    this.blockedBy = undefined
    this.#move('running')
    if (migratedBytes > 0) this.staged(migratedBytes)
  }

  #sourcesOf(state: TaskState): TaskSources {
    return new TaskSources({
      task: this.name,
      program: this.program,
      pod: this.#options.pod,
      places: this.#sourcePlaces,
      stored: state.get(CHECKPOINT),
      found: this.#copy.found,
      onFailed: error => this.#failures.failed(error),
    })
  }

  /** The check found no foreign write, so our own marker is part of the state from now on. */
  checked(position: number): void {
    this.guard(() => this.#state?.restore([], position))
  }

  /** Entries of its local copy. */
  get entries(): number {
    return this.#copy.size
  }
  /** What those entries take. */
  get stateBytes(): number {
    return this.#copy.bytes
  }
  get position(): number {
    return this.#copy.position ?? 0
  }

  /** Applies records that were committed apart from the task's effects while it runs. The position stays. */
  noted(records: readonly NewRecord[]): void {
    if (!this.work) return
    const entries = records.map(({ key, value }) => [asText(key ?? new Uint8Array()), value] as const)
    this.guard(() => this.#state?.restore(entries, this.position))
  }

  block(error: unknown): void {
    if (this.phase !== 'running' && this.phase !== 'restoring') return
    this.blockedBy = error
    this.work?.stopAccepting()
    this.#move('blocked')
  }

  /** The state topic refuses the task's entries: nothing of the task is committed until it is restarted. */
  cannotCommit(error: unknown): void {
    this.isMute = true
    if (this.phase === 'leaving') this.close('closedDirty')
    else this.pod.block(this.name, error)
  }

  staged(bytes: number): void {
    this.#options.onStaged(this, bytes)
  }

  get isLeaving(): boolean {
    return this.phase === 'leaving'
  }

  /** Stages the deletion of expired entries. */
  sweep(): void {
    this.#sweep?.begin()
  }

  /** Goes on after a block. What is staged and was left out of commits is part of the next one. */
  resume(): void {
    if (this.phase !== 'blocked' || !this.work) return
    this.blockedBy = undefined
    if (this.isMute) this.staged(0)
    this.isMute = false
    this.work.accept()
    this.#move('running')
  }

  /** Goes on after this block, if the task did work before. A task that restores asks again by itself. */
  resumeFrom(block: unknown): void {
    if (this.blockedBy === block) this.resume()
  }

  /** Takes no new record. Records in flight may finish until the deadline. */
  leave(): void {
    const { pod } = this.#options
    const graceMs = Math.min(this.program.timeoutMs, pod.limits.handOverMaxMs)
    if (this.isMute) return this.close('closedDirty')
    this.work?.leave()
    this.#sources?.close()
    this.#cancelDeadline = pod.system.after(graceMs, () => pod.enqueue(() => this.work?.close()))
    this.#move('leaving')
  }

  get isDrained(): boolean {
    return this.phase === 'leaving' && (this.work?.inFlight ?? 0) === 0
  }

  /** Takes what is staged for one commit; `nonces` are the claims that a drained task gives up with it. */
  prepare(incarnation: string, number: number, nonces: readonly string[]): CommitPart {
    const state = this.#state
    invariant(state && this.work && this.#sources, `task ${this.name} was committed before it ran`)
    const { reached: sources, lows } = this.#sources
    const staged = this.work.staging.take()
    state.stage(new Map([[CHECKPOINT, encodeCheckpoint({ format: 1, incarnation, number, sources })]]))
    const releases = this.isDrained
    if (releases) state.stage(new Map([[RELEASE, encodeRelease({ nonces })]]))
    return new TaskPart(this, state, staged, () => {
      this.#reached(lows)
      if (releases) this.close('closedClean')
    })
  }

  /** Ends the task: clean after its release is committed, dirty otherwise. From now on nothing that it does has an effect. */
  close(phase: 'closedClean' | 'closedDirty'): void {
    if (!this.isOpen) return
    this.#move(phase)
    this.#cancelDeadline?.()
    this.#sources?.close()
    this.work?.close()
    this.#copy.close()
  }

  #reached(lows: readonly number[]): void {
    if (lows.some((low, index) => low !== this.committedLows[index]))
      this.committedAt = this.pod.system.monotonic()
    this.committedLows = lows
  }

  #opened(store: Store): void {
    this.#state = new TaskState(store)
    this.#onOpened()
    this.#options.onChanged()
  }

  readFailed(error: unknown, offset: number): void {
    this.#failures.readFailed(error, offset)
  }

  guard<T>(action: () => T): T | undefined {
    return this.#failures.guard(action)
  }

  #move(phase: TaskPhase): void {
    assertMove(this.name, this.phase, phase)
    this.pod.meter.moved(this.name, this.phase, phase)
    this.phase = phase
    this.#options.onChanged()
  }
}
