/** The consumer groups of the cluster, and the coordinator that holds them: while it moves, every request is refused. */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { Group } from './group.ts'

export class Groups {
  readonly #system: System
  readonly #rebalanceTimeoutMs: number
  readonly #groups = new Map<string, Group>()
  #movingUntil = 0

  constructor(system: System, rebalanceTimeoutMs: number) {
    this.#system = system
    this.#rebalanceTimeoutMs = rebalanceTimeoutMs
  }

  get isMoving(): boolean {
    return this.#system.monotonic() < this.#movingUntil
  }

  /** The group, as a request finds it: LOG_UNAVAILABLE while its coordinator moves. */
  reach(name: string): Group {
    if (this.isMoving) throw new CaudalError('LOG_UNAVAILABLE', { reason: 'the group coordinator is moving' })
    return this.group(name)
  }

  /** The group, whatever happens; groups begin empty. */
  group(name: string): Group {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new Group(this.#system, this.#rebalanceTimeoutMs)
      this.#groups.set(name, group)
    }
    return group
  }

  all(): Iterable<Group> {
    return this.#groups.values()
  }

  /** Refuses everything for so long; then all members must join again. */
  move(durationMs: number): void {
    this.#movingUntil = this.#system.monotonic() + durationMs
    for (const group of this.#groups.values()) group.move(this.#movingUntil)
  }
}
