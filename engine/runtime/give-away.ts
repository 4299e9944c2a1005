/** A pod that stops gives its tasks away, as soon as what they have finished can be committed. */
import type { System } from '#engine/core/system.ts'
import type { Ownership } from './ownership.ts'

const LOOK_MS = 20
/** By then a lost producer is replaced, unless the log is away. */
const PATIENCE_MS = 2_000

interface Host {
  readonly system: System
  enqueue(callback: () => void): void
}

/** A task that is given up while the producer is being replaced cannot be handed over, and what it has bought is bought again. */
export function giveAway(ownership: Ownership, { system, enqueue }: Host, rejoin: () => void): void {
  const latest = system.now() + PATIENCE_MS
  const look = () => {
    const hasWork = [...ownership.holdings.values()].some(({ isKept }) => isKept)
    if (hasWork && !ownership.isSettled && system.now() < latest) {
      system.after(LOOK_MS, () => enqueue(look))
      return
    }
    ownership.joined(ownership.generation, [])
    rejoin()
  }
  enqueue(look)
}
