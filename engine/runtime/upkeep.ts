/** What a pod does now and then: stores positions for lag tools, sweeps expired state, trims what delay tiers have passed on. */
import { reasonOf } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import { partitionKey } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import type { Task } from './task.ts'

const SWEEP_INTERVAL_MS = 1_000
const TRIM_INTERVAL_MS = 10_000

export interface UpkeepOptions {
  readonly log: Log
  readonly system: System
  readonly logger: Logger
  readonly positionIntervalMs: number
  readonly tasks: () => readonly Task[]
  readonly membership: () => Membership | undefined
  readonly enqueue: (callback: () => void) => void
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #cancels = new Set<() => void>()
  /** Positions that were stored last, and offsets that were trimmed last, by partition. */
  readonly #stored = new Map<string, number>()
  readonly #trimmed = new Map<string, number>()

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  start(): void {
    this.every(this.#options.positionIntervalMs, () => void this.storePositions(this.#options.tasks()))
    this.every(SWEEP_INTERVAL_MS, () => this.#sweep())
    this.every(TRIM_INTERVAL_MS, () => this.#trim())
  }

  /** Runs the callback within a step of the pod, again and again. */
  every(intervalMs: number, callback: () => void): void {
    const { system, enqueue } = this.#options
    const again = () => {
      this.#cancels.delete(cancel)
      cancel = system.after(intervalMs, again)
      this.#cancels.add(cancel)
      enqueue(callback)
    }
    let cancel = system.after(intervalMs, again)
    this.#cancels.add(cancel)
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  /** For lag tools and autoscalers; nothing depends on it. */
  async storePositions(tasks: readonly Task[]): Promise<void> {
    const positions = this.#advanced(this.#stored, tasks)
    if (positions.length === 0) return
    const stored = this.#options.membership()?.commitPositions(positions)
    await stored?.catch(error =>
      this.#options.logger.debug('positions were not stored', { error: reasonOf(error) }),
    )
  }

  #sweep(): void {
    for (const task of this.#options.tasks()) if (task.phase === 'running') task.sweep()
  }

  /** Records of a tier are of no use to anybody once the checkpoint has passed them. */
  #trim(): void {
    const { log, logger, tasks } = this.#options
    const delays = tasks().filter(({ program }) => program.tiers.length > 0)
    for (const { offset, ...place } of this.#advanced(this.#trimmed, delays)) {
      log
        .trim(place, offset)
        .catch(error => logger.warn('a tier was not trimmed', { ...place, error: reasonOf(error) }))
    }
  }

  /** Sources whose committed position has moved since they were last noted, which they are now. */
  #advanced(noted: Map<string, number>, tasks: readonly Task[]) {
    const moved = tasks
      .flatMap(({ intakes, committedLows }) =>
        intakes.map(({ topic, partition }, index) => ({
          topic,
          partition,
          offset: committedLows[index] ?? 0,
        })),
      )
      .filter(position => position.offset > (noted.get(partitionKey(position)) ?? 0))
    for (const position of moved) noted.set(partitionKey(position), position.offset)
    return moved
  }
}
