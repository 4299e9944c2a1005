/**
 * Warns of partitions whose readers are held back: records are written there, and a transaction before them does not end.
 * Brokers end a transaction themselves when its time-out is over. A transaction that they have lost track of holds readers
 * back for ever.
 */
import { reasonOf } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'

/** The offset at which readers are held back, and since when. */
interface Halt {
  readonly offset: number
  readonly since: number
  isTold: boolean
}

export interface UndecidedOptions {
  readonly system: Pick<System, 'monotonic'>
  /** Longer than any transaction may last. */
  readonly undecidedMaxMs: number
  readonly warn: (message: string) => void
  /** What is to be done about it. */
  readonly advise: (place: TopicPartition) => Promise<string | undefined>
}

/** An abort of a committed transaction would drop its records. */
const UNADVISED =
  'find it with kafka-transactions.sh find-hanging, and ask kafka-transactions.sh describe how it ended before you abort it'

export class Undecided {
  readonly #options: UndecidedOptions
  readonly #halts = new Map<string, Halt>()

  constructor(options: UndecidedOptions) {
    this.#options = options
  }

  /** A fetch has shown where a partition ends, and up to where it is decided. */
  seen(place: TopicPartition, end: number, stable: number): void {
    const { system, warn } = this.#options
    const key = partitionKey(place)
    const halt = this.#halts.get(key)
    if (halt && stable < end && halt.offset === stable) return void this.#tell(place, halt, end)
    if (halt?.isTold) warn(`${key} is decided beyond offset ${halt.offset} now: its readers go on`)
    if (stable < end) this.#halts.set(key, { offset: stable, since: system.monotonic(), isTold: false })
    else this.#halts.delete(key)
  }

  async #tell(place: TopicPartition, halt: Halt, end: number): Promise<void> {
    const { system, undecidedMaxMs, warn, advise } = this.#options
    if (halt.isTold || system.monotonic() - halt.since < undecidedMaxMs) return
    halt.isTold = true
    const advice = await advise(place).catch(error => `${UNADVISED} (${reasonOf(error)})`)
    warn(
      `${partitionKey(place)} holds its readers back at offset ${halt.offset} of ${end}: a transaction there has not ended ` +
        `for ${undecidedMaxMs} ms; ${advice ?? UNADVISED}`,
    )
  }
}
