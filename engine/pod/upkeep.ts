/**
 * What a pod does now and then. It stores positions for lag tools, sweeps expired state, trims delay tiers, and looks for torn
 * transactions.
 */
import { codeOf, failureFields, hasCode } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Membership } from '#engine/log/log.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { SWEEP_INTERVAL_MS } from '#engine/task/sweep.ts'
import type { Task } from '#engine/task/task.ts'
import type { Plan } from '#topology/plan.ts'
import { writePlacesOf } from '#topology/plan-tasks.ts'
import { Leftovers } from './leftovers.ts'

/** Names the storing of positions among what has failed. */
const POSITIONS = 'positions'
const TRIM_INTERVAL_MS = 10_000
/** How often the pod looks for torn transactions. That of a pod that is gone is ended within its session time-out and 5 s. */
const LEFTOVERS_LOOK_MS = 3_000

export interface UpkeepOptions {
  readonly plan: Plan
  /** Name of the pod. */
  readonly name: string
  readonly pod: PodContext
  readonly tasks: () => readonly Task[]
  readonly membership: () => Membership | undefined
  /** A transaction of this pod is torn: its producer must be replaced. */
  readonly onTorn: (error: unknown) => void
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #cancels = new Set<() => void>()
  /** By partition, the positions that were stored last. `#trimmed` has the offsets that were trimmed last. */
  readonly #stored = new Map<string, number>()
  readonly #trimmed = new Map<string, number>()
  /** By what was tried and where, the code of the failure that was logged last. */
  readonly #failed = new Map<string, string | undefined>()
  readonly #leftovers: Leftovers

  constructor(options: UpkeepOptions) {
    this.#options = options
    const { plan, name, pod, onTorn } = options
    this.#leftovers = new Leftovers({
      ...options,
      log: pod.log,
      logger: pod.logger,
      enqueue: callback => pod.enqueue(callback),
      application: plan.application,
      producer: `${plan.application}-${name}`,
      writePlaces: writePlacesOf(plan),
      onOwn: onTorn,
    })
  }

  start(): void {
    const { pod, tasks } = this.#options
    this.every(pod.limits.positionIntervalMs, () => void this.storePositions(tasks()))
    this.every(SWEEP_INTERVAL_MS, () => this.#sweep())
    this.every(TRIM_INTERVAL_MS, () => this.#trim())
    this.every(LEFTOVERS_LOOK_MS, () => this.#leftovers.look())
  }

  /** Runs the callback within a step of the pod, again and again. */
  every(intervalMs: number, callback: () => void): void {
    const { pod } = this.#options
    const again = () => {
      this.#cancels.delete(cancel)
      cancel = pod.system.after(intervalMs, again)
      this.#cancels.add(cancel)
      pod.enqueue(callback)
    }
    let cancel = pod.system.after(intervalMs, again)
    this.#cancels.add(cancel)
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  /** Stores positions for lag tools and autoscalers. No work depends on them. The next call stores what this one could not. */
  async storePositions(tasks: readonly Task[]): Promise<void> {
    const positions = advanced(this.#stored, tasks)
    const membership = this.#options.membership()
    if (positions.length === 0 || !membership) return
    try {
      await membership.commitPositions(positions)
      for (const position of positions) note(this.#stored, position)
      this.#failed.delete(POSITIONS)
    } catch (error) {
      const { logger } = this.#options.pod
      const fields = failureFields(error)
      if (hasCode(error, 'ACCESS_REFUSED') && this.#isNews(POSITIONS, error))
        logger.warn('positions were not stored: lag tools and autoscalers see too much lag', fields)
      else logger.debug('positions were not stored', fields)
    }
  }

  #sweep(): void {
    for (const task of this.#options.tasks()) if (task.phase === 'running') task.sweep()
  }

  /** Whether a failure is the first one of this attempt, or has another code than the one before. Success forgets it. */
  #isNews(attempt: string, error: unknown): boolean {
    const code = codeOf(error)
    if (this.#failed.has(attempt) && this.#failed.get(attempt) === code) return false
    this.#failed.set(attempt, code)
    return true
  }

  /** Trims records of a tier that the checkpoint has passed: nobody reads them again. */
  #trim(): void {
    const { pod, tasks } = this.#options
    const { log, logger } = pod
    const delays = tasks().filter(({ program }) => program.tiers.length > 0)
    for (const position of advanced(this.#trimmed, delays)) {
      const { offset, ...place } = position
      log.trim(place, offset).then(
        () => {
          note(this.#trimmed, position)
          this.#failed.delete(partitionKey(place))
        },
        error => {
          const level = this.#isNews(partitionKey(place), error) ? 'warn' : 'debug'
          logger[level]('a tier was not trimmed', { ...place, ...failureFields(error) })
        },
      )
    }
  }
}

type Position = TopicPartition & { readonly offset: number }

/** Sources whose committed position has moved since it was stored last. */
function advanced(noted: ReadonlyMap<string, number>, tasks: readonly Task[]): Position[] {
  return tasks
    .flatMap(({ intakes, committedLows }) =>
      intakes.map(({ topic, partition }, index) => ({ topic, partition, offset: committedLows[index] ?? 0 })),
    )
    .filter(position => position.offset > (noted.get(partitionKey(position)) ?? 0))
}

function note(noted: Map<string, number>, position: Position): void {
  noted.set(partitionKey(position), position.offset)
}
