/** The tasks that a pod holds or is giving up, and the claims that it has to release. */
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Task } from '#engine/task/task.ts'
import { Holding, type OpenTail } from './holding.ts'
import { Releases } from './releases.ts'

export interface HoldingsOptions {
  readonly pod: PodContext
  /** Transactional id of this pod. */
  readonly producer: string
  /** Makes the task of this name, not yet opened. */
  readonly makeTask: (name: string) => Task
  readonly openTail: OpenTail
}

export class Holdings {
  /** Tasks assigned to this pod, by name. */
  readonly held = new Map<string, Holding>()
  /** Tasks on their way out. */
  readonly leaving = new Map<string, Holding>()
  readonly releases = new Releases()
  #assigned: readonly string[] = []
  readonly #options: HoldingsOptions

  constructor(options: HoldingsOptions) {
    this.#options = options
  }

  get all(): readonly Holding[] {
    return [...this.held.values(), ...this.leaving.values()]
  }

  /** Holdings with state that only this pod may change. */
  get kept(): readonly Holding[] {
    return this.all.filter(({ isKept }) => isKept)
  }

  get isEmpty(): boolean {
    return this.held.size === 0 && this.leaving.size === 0 && this.releases.isEmpty
  }

  /** From now on this pod holds these tasks, and gives all others away. */
  assign(tasks: readonly string[]): void {
    this.#assigned = tasks
    for (const [name, holding] of this.held) if (!tasks.includes(name)) this.#giveUp(name, holding)
  }

  /** Removes holdings that have ended, and opens tasks that are assigned and not held. */
  tidy(): void {
    for (const [name, holding] of this.leaving) {
      if (holding.task.isOpen) continue
      holding.ended()
      this.leaving.delete(name)
      if (holding.task.phase === 'closedDirty') this.releases.owe(holding)
    }
    for (const name of this.#assigned) {
      if (this.held.has(name) || this.leaving.has(name)) continue
      const { makeTask, pod, producer, openTail } = this.#options
      const holding = new Holding({ task: makeTask(name), pod, producer, openTail })
      this.held.set(name, holding)
      holding.open()
    }
  }

  /** The other tasks come before this one next time. */
  moveLast(holding: Holding): void {
    if (!this.held.delete(holding.task.name)) return
    this.held.set(holding.task.name, holding)
  }

  /** Drops a task. A task that is still assigned is restarted. */
  drop(name: string): void {
    const holding = this.held.get(name) ?? this.leaving.get(name)
    this.held.delete(name)
    if (holding) this.#giveUpUnfinished(holding)
  }

  /** Drops everything without hand-over. */
  abandon(): void {
    this.#assigned = []
    for (const name of [...this.held.keys()]) this.drop(name)
    for (const holding of this.leaving.values()) holding.close()
    this.leaving.clear()
    this.releases.clear()
  }

  #giveUp(name: string, holding: Holding): void {
    this.held.delete(name)
    if (!holding.isKept) return this.#giveUpUnfinished(holding)
    this.leaving.set(name, holding)
    holding.leave()
  }

  #giveUpUnfinished(holding: Holding): void {
    holding.close()
    this.releases.owe(holding)
  }
}
