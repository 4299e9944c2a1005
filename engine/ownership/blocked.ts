/** Tasks that cannot be taken over until somebody acts. They are blocked with the reason, and other tasks go on. */

import { actionOf, CaudalError } from '#core/errors.ts'
import { RETRIES } from '#core/retry.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Holding } from './holding.ts'

/** An operator who aborts a transaction that was committed loses its records. */
const UNEXPLAINED =
  'find it with kafka-transactions.sh find-hanging, and ask kafka-transactions.sh describe how it ended before you abort it'

/**
 * Blocks tasks whose operation was refused until somebody acts. Returns the time of the next try, or `undefined` for any other
 * failure.
 */
export function blockWaiting(
  holdings: Iterable<Holding>,
  error: unknown,
  pod: Pick<PodContext, 'system' | 'block' | 'enqueue'>,
): number | undefined {
  if (actionOf(error) !== 'blockTask') return undefined
  const until = pod.system.monotonic() + RETRIES.blockedOwnership.firstMs
  for (const { previous, task } of holdings) {
    previous.blockedUntil = until
    if (task.phase === 'restoring') pod.block(task.name, error)
  }
  pod.system.after(RETRIES.blockedOwnership.firstMs + 1, () => pod.enqueue(() => undefined))
  return until
}

/** Blocks tasks whose restore does not end, each with what holds it up. */
export class HeldUp {
  readonly #pod: PodContext
  /** Names of tasks whose halt the log is being asked to explain. */
  readonly #asking = new Set<string>()

  constructor(pod: PodContext) {
    this.#pod = pod
  }

  async block({ task, seen }: Holding): Promise<void> {
    if (this.#asking.has(task.name)) return
    this.#asking.add(task.name)
    const { log, limits } = this.#pod
    const { topic, partition } = task.statePlace
    const explained = await log.explainHalt?.(task.statePlace).catch(() => undefined)
    const diagnosis =
      `${topic}/${partition} was read to offset ${seen.position}, and the marker written behind it does not show: a transaction ` +
      `that never ended holds readers back; ${explained ?? UNEXPLAINED}`
    const details = { task: task.name, timeoutMs: limits.restoreTimeoutMs, diagnosis }
    // It may have read to the end while the log was asked.
    if (task.phase === 'restoring') this.#pod.block(task.name, new CaudalError('RESTORE_BLOCKED', details))
    this.#asking.delete(task.name)
  }
}
