/** Effects of completed records that wait for a commit. Each is kept whole, so that refused effects can be taken out again. */
import { type NewRecord, sizeOf } from '#core/record.ts'
import type { Output } from '#engine/commit/outlets.ts'
import type { Job } from '#engine/record/job.ts'
import type { TimerChange } from '#engine/record/node-context.ts'
import { decodeDue } from '#engine/state/frame.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { TimerQueue } from '#engine/state/timer-queue.ts'

/** All that one record changes, except the steps that were journaled before it completed. */
export interface Effect {
  readonly job: Job
  /** The operator that ran last. */
  readonly node: { readonly name: string } | undefined
  readonly writes: ReadonlyMap<string, Uint8Array | null> | undefined
  readonly timers: readonly TimerChange[] | undefined
  readonly outputs: readonly Output[]
}

/** Effects staged for the next commit, in the order in which their records completed. The task's state gathers their writes. */
export interface Staged {
  readonly effects: readonly Effect[]
}

export class Staging {
  #effects: Effect[] = []
  readonly #state: TaskState
  readonly #timers: TimerQueue

  constructor(state: TaskState, timers: TimerQueue) {
    this.#state = state
    this.#timers = timers
  }

  /** Makes the effects of a record part of the next commit. Returns their bytes. */
  add(effect: Effect): number {
    let bytes = effect.writes ? this.#state.stage(effect.writes) : 0
    for (const { operator, name, key, due } of effect.timers ?? NONE) {
      if (due === undefined) this.#timers.cancel(operator, name, key)
      else this.#timers.set(operator, name, key, due)
    }
    this.#effects.push(effect)
    for (const { record } of effect.outputs) bytes += sizeOf(record)
    return bytes
  }

  take(): Staged {
    const effects = this.#effects
    this.#effects = []
    return { effects }
  }

  /** Puts effects of a commit that did not take place in front of those staged since. */
  putBack({ effects }: Staged): void {
    this.#effects = [...effects, ...this.#effects]
  }

  /** The effects with at least one of these outputs, each with the value of its first such output. */
  holding<Found>(outputs: ReadonlyMap<NewRecord, Found>): Map<Effect, Found> {
    const holding = new Map<Effect, Found>()
    for (const effect of this.#effects) {
      for (const { record } of effect.outputs) {
        const found = outputs.get(record)
        if (found !== undefined && !holding.has(effect)) holding.set(effect, found)
      }
    }
    return holding
  }

  /**
   * Takes effects out as if their records had not run, while no commit is under way. Effects of later records of a key in `bind`
   * go with them, so what is left is consistent. Returns all effects that were taken out, in their order.
   */
  withdraw(chosen: ReadonlyMap<Effect, unknown>, bind: ReadonlySet<string>): readonly Effect[] {
    const bound = new Set<string>()
    const withdrawn: Effect[] = []
    this.#effects = this.#effects.filter(effect => {
      const { key } = effect.job
      const goes = chosen.has(effect) || (key !== null && bound.has(key))
      if (!goes) return true
      if (key !== null && bind.has(key)) bound.add(key)
      withdrawn.push(effect)
      return false
    })
    this.#state.withdraw(new Set(withdrawn.flatMap(({ writes }) => writes ?? [])))
    for (const effect of withdrawn) this.#resetTimers(effect)
    return withdrawn
  }

  /** Sets timers that have fired, or were set or cancelled, back to what the state has. */
  #resetTimers({ job, timers = NONE }: Effect): void {
    for (const { entry, operator, name, key } of timers) this.#reset(entry, operator, name, key)
    if (!job.fired) return
    const [operator, name, key] = job.fired.timer
    this.#reset(job.fired.entry, operator, name, key)
  }

  #reset(entry: string, operator: string, name: string, key: string): void {
    const due = this.#state.get(entry)
    if (due === undefined) this.#timers.cancel(operator, name, key)
    else this.#timers.set(operator, name, key, decodeDue(due))
  }
}

/** Whether later records of the same key may have seen this effect. */
export function changesState({ job, writes, timers }: Effect): boolean {
  if (timers !== undefined || job.fired) return true
  for (const entry of writes?.keys() ?? []) if (!job.steps?.has(entry)) return true
  return false
}

export function outputsOf({ effects }: Staged): readonly Output[] {
  const all: Output[] = []
  for (const { outputs } of effects) all.push(...outputs)
  return all
}

const NONE: readonly never[] = []
