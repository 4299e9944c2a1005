/**
 * Time that passes only on request, so that a whole cluster runs in one process, fast and repeatably.
 *
 * Events happen one after another, by due time, ties in order of insertion. All microtasks of an event run to their end before the
 * next event begins. For this the loop waits for one turn of `setImmediate`, which costs about 1.3 microseconds. Node empties all
 * microtask queues before that turn, however long their chains are. The same seed and the same calls give the same run, as long as
 * nothing under test uses real time, I/O or randomness.
 *
 * A process of the simulation gets a `ProcessSystem`, whose wall clock can differ from the world's.
 *
 * - Paused, as by SIGSTOP: none of its callbacks run.
 * - Resumed: callbacks that fell due meanwhile run late, in order.
 * - Killed: no callback ever runs again.
 */
import { durationText } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { type Event, EventQueue } from './event-queue.ts'
import { type Random, seededRandom, seedOf } from './seeded-random.ts'

export interface VirtualTimeOptions {
  /** Where the clock begins; milliseconds since the epoch. */
  readonly startMs?: number
  /** So many events at one instant mean a loop that never ends. */
  readonly eventsPerInstantMax?: number
}

/** The system of one simulated process. */
export interface ProcessSystem extends System {
  readonly name: string
  /** Sets its wall clock forward, or back where negative; its monotonic clock goes on as if nothing had happened. */
  stepClock(byMs: number): void
  /** Stops it as SIGSTOP does. */
  pause(): void
  /** Continues the process. Callbacks that fell due meanwhile run now. */
  resume(): void
  /** Ends the process without warning: no callback of it runs any more. */
  kill(): void
}

/** Something under test happens again and again without a pause. */
export class EndlessInstant extends CaudalError {
  readonly reason: string

  constructor(events: number) {
    const reason = `${events} events happened without any progress of time: something is repeated without a pause, such as a timer that is set to now`
    super('INTERNAL', { reason })
    this.reason = reason
  }
}

export class VirtualTime {
  /** The system of the outside world: the shared broker, the test itself. */
  readonly system: System
  readonly #seed: number
  readonly #eventsPerInstantMax: number
  readonly #queue = new EventQueue()
  readonly #startMs: number
  /** With fractions, which order events; the clock shows whole milliseconds, as a machine's does. */
  #now: number
  #eventCount = 0
  #eventsThisInstant = 0

  constructor(seed: number, options: VirtualTimeOptions = {}) {
    this.#seed = seed
    this.#startMs = options.startMs ?? 1_750_000_000_000
    this.#now = this.#startMs
    this.#eventsPerInstantMax = options.eventsPerInstantMax ?? 100_000
    const random = seededRandom(seed)
    this.system = {
      now: () => Math.floor(this.#now),
      monotonic: () => Math.floor(this.#now - this.#startMs),
      after: (delayMs, callback) => {
        const event = this.#schedule(delayMs, callback)
        return () => {
          event.cancelled = true
        }
      },
      defer: callback => void this.#schedule(0, callback),
      random,
    }
  }

  /** How many events have happened: a measure of effort, and of sameness of two runs. */
  get eventCount(): number {
    return this.#eventCount
  }

  /** A new process; its randomness depends on the seed and its name alone. */
  systemFor(name: string): ProcessSystem {
    return new SimulatedProcess(name, this.system, seededRandom(seedOf(this.#seed, name)))
  }

  /** Runs until no event is left. */
  async runUntilIdle(): Promise<void> {
    await turn()
    while (await this.#step(Number.POSITIVE_INFINITY));
  }

  /** Runs all events of the next `durationMs`, and leaves the clock at their end. */
  async runFor(durationMs: number): Promise<void> {
    const end = this.#now + durationMs
    await turn()
    while (await this.#step(end));
    this.#moveTo(end)
  }

  /** Runs until `isDone` says so after some event; false when `withinMs` have passed before that. */
  async runUntil(isDone: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.#now + withinMs
    await turn()
    while (!isDone()) {
      if (await this.#step(end)) continue
      this.#moveTo(end)
      return false
    }
    return true
  }

  /** Runs until the promise is settled and hands on its outcome; NOT_SETTLED when it still is open after `withinMs`. */
  async settle<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let settled = false
    const watch = () => {
      settled = true
    }
    promise.then(watch, watch)
    if (await this.runUntil(() => settled, withinMs)) return promise
    const reasons = `- a promise is still open after ${withinMs} ms of virtual time`
    throw new CaudalError('NOT_SETTLED', { within: durationText(withinMs), reasons })
  }

  #schedule(delayMs: number, callback: () => void): Event {
    return this.#queue.add(this.#now, this.#now + Math.max(delayMs, 0), callback)
  }

  /** Runs the next event that is due by `end` and what it started; false when there is none. */
  async #step(end: number): Promise<boolean> {
    const next = this.#queue.peek()
    if (next === undefined || next.due > end) return false
    this.#queue.take()
    this.#moveTo(next.due)
    this.#count()
    next.run()
    await turn()
    return true
  }

  #moveTo(time: number): void {
    if (time <= this.#now) return
    this.#now = time
    this.#eventsThisInstant = 0
  }

  #count(): void {
    this.#eventCount++
    if (++this.#eventsThisInstant <= this.#eventsPerInstantMax) return
    throw new EndlessInstant(this.#eventsPerInstantMax)
  }
}

class SimulatedProcess implements ProcessSystem {
  readonly name: string
  readonly random: Random
  readonly #world: System
  #status: 'running' | 'paused' | 'killed' = 'running'
  #held: (() => void)[] = []
  /** How far its wall clock is ahead of the world's. */
  #aheadMs = 0

  constructor(name: string, world: System, random: Random) {
    this.name = name
    this.random = random
    this.#world = world
  }

  now(): number {
    return this.#world.now() + this.#aheadMs
  }

  monotonic(): number {
    return this.#world.monotonic()
  }

  stepClock(byMs: number): void {
    this.#aheadMs += byMs
  }

  after(delayMs: number, callback: () => void): () => void {
    let cancelled = false
    const cancel = this.#world.after(delayMs, () => this.#arrive(() => cancelled || callback()))
    return () => {
      cancelled = true
      cancel()
    }
  }

  defer(callback: () => void): void {
    this.#world.defer(() => this.#arrive(callback))
  }

  pause(): void {
    if (this.#status === 'running') this.#status = 'paused'
  }

  resume(): void {
    if (this.#status !== 'paused') return
    this.#status = 'running'
    const held = this.#held
    this.#held = []
    for (const callback of held) this.defer(callback)
  }

  kill(): void {
    this.#status = 'killed'
    this.#held = []
  }

  #arrive(callback: () => void): void {
    if (this.#status === 'running') callback()
    else if (this.#status === 'paused') this.#held.push(callback)
  }
}

/** Lets every microtask run that is ready or becomes so meanwhile. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
