/**
 * Deletes expired entries from a task's state. These are entries whose time to live is over, and journaled steps of dead letters
 * that nobody has replayed in time.
 *
 * Each kind has its own passes. A pass looks at all entries, and is spread over a quarter of the shortest time to live, at most
 * an hour. So the work grows with the state, and expired entries stay a fraction of the live ones.
 *
 * A pass goes by turns of bounded size, as many each second as it needs. A turn that finds half of its entries expired does not
 * count, so a backlog is deleted at once. The number of entries is known from the pass before, and grows with this one.
 *
 * The sweep gives way to records: while the gate is closed, it takes no turn.
 */
import type { StateDeclarations } from '#core/state.ts'
import type { CallGate, PodContext } from '#engine/record/pod-context.ts'
import { STEP_KEPT_MS, writtenAt } from '#engine/record/step-journal.ts'
import { lifetimeOf } from '#engine/state/frame.ts'
import { GIVEN_UP_PREFIX, STEP_PREFIX } from '#engine/state/layout.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import { type SweepCursor, type Swept, sweepEntries, sweepExpired } from '#engine/state/ttl-sweep.ts'
import type { TaskPhase } from './task-lifecycle.ts'

export const SWEEP_INTERVAL_MS = 1_000
const TURN_ENTRIES_MAX = 1_000
const PASS_MS_MAX = 3_600_000
const PASSES_PER_LIFETIME = 4

/** What a sweep needs of its task. */
export interface SweptTask {
  readonly phase: TaskPhase
  readonly pod: Pick<PodContext, 'system' | 'enqueue'> & { readonly gate: Pick<CallGate, 'admits'> }
  staged(bytes: number): void
  guard<T>(action: () => T): T | undefined
}

export class Sweep {
  readonly #task: SweptTask
  readonly #state: TaskState
  readonly #passes: readonly Pass[]
  /** A turn waits for the next step of the pod. */
  #isGoing = false

  /** `declarations`: the state of the stage's operators, by their names. */
  constructor(task: SweptTask, state: TaskState, declarations: ReadonlyMap<string, StateDeclarations>) {
    this.#task = task
    this.#state = state
    const lifetimes = [...declarations.values()]
      .flatMap(states => Object.values(states))
      .flatMap(declared => lifetimeOf(declared) ?? [])
    const expired = new Pass(Math.min(...lifetimes) / PASSES_PER_LIFETIME, (now, cursor) =>
      sweepExpired(state, declarations, now, TURN_ENTRIES_MAX, cursor),
    )
    const isOld = (now: number) => (_: string, bytes: Uint8Array) => now - writtenAt(bytes) > STEP_KEPT_MS
    const steps = new Pass(PASS_MS_MAX, (now, cursor) =>
      sweepEntries(state, cursor ?? state.entries(STEP_PREFIX), isOld(now), TURN_ENTRIES_MAX),
    )
    const givenUp = new Pass(PASS_MS_MAX, (now, cursor) =>
      sweepEntries(state, cursor ?? state.entries(GIVEN_UP_PREFIX), isOld(now), TURN_ENTRIES_MAX),
    )
    this.#passes = lifetimes.length > 0 ? [expired, steps, givenUp] : [steps, givenUp]
  }

  /** Called once an interval. Goes on with the pass under way, or begins the next one. */
  begin(): void {
    const now = this.#task.pod.system.monotonic()
    for (const pass of this.#passes) pass.begin(now)
    if (!this.#isGoing) this.#turn()
  }

  #turn(): void {
    const { pod } = this.#task
    const pass = this.#passes.find(({ isOpen }) => isOpen)
    this.#isGoing = false
    if (!pass || this.#task.phase !== 'running' || !pod.gate.admits) return
    this.#task.guard(() => {
      const expired = pass.turn(pod.system.now())
      const deletions = new Map(expired.map(entry => [entry, null]))
      if (expired.length > 0) this.#task.staged(this.#state.stage(deletions))
    })
    this.#isGoing = true
    pod.enqueue(() => this.#turn())
  }
}

class Pass {
  readonly #passMs: number
  readonly #look: (now: number, cursor: SweepCursor | undefined) => Swept
  #cursor: SweepCursor | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #seen = 0
  /** Number of entries that the pass before has seen. */
  #known = 0
  /** Entries to look at within the interval. */
  #budget = 0

  constructor(passMs: number, look: (now: number, cursor: SweepCursor | undefined) => Swept) {
    this.#passMs = Math.min(PASS_MS_MAX, Math.max(SWEEP_INTERVAL_MS, passMs))
    this.#look = look
  }

  get isOpen(): boolean {
    return this.#budget > 0
  }

  begin(now: number): void {
    if (!this.#cursor) {
      if (now - this.#startedAt < this.#passMs) return
      this.#startedAt = now
      this.#seen = 0
    }
    const share = (Math.max(this.#known, this.#seen) * SWEEP_INTERVAL_MS) / this.#passMs
    this.#budget = Math.max(TURN_ENTRIES_MAX, Math.ceil(share))
  }

  turn(now: number): readonly string[] {
    const { expired, seen, cursor } = this.#look(now, this.#cursor)
    this.#cursor = cursor
    this.#seen += seen
    if (expired.length * 2 < seen) this.#budget -= seen
    if (!cursor) {
      this.#known = this.#seen
      this.#budget = 0
    }
    return expired
  }
}
