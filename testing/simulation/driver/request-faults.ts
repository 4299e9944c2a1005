/** What becomes of a request on its way, drawn from the seed: nothing, or one of all that can go wrong with it. */
import { KNOWN_CODES, type Meaning, meaningOf, type RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { Random } from '../../seeded-random.ts'

export type RequestFault =
  | { readonly kind: 'none' | 'request lost' | 'answer lost' | 'doubled' | 'cut before' | 'cut after' }
  | { readonly kind: 'late' | 'answer late'; readonly delayMs: number }
  | { readonly kind: 'refused'; readonly refusal: DrawnRefusal }

const NONE: RequestFault = { kind: 'none' }
/** Longer than any time-out of a request. */
const LATE_MS_MAX = 4_000
/** So many refusals bear a code that passes. The others have a code of any meaning. */
const PASSING_SHARE = 0.5
const CODES = [...KNOWN_CODES, 134, 500]
/** A broker answers these only where they are true: what was asked for is so already, or there is no such offset. */
const TRUE_ALONE: ReadonlySet<Meaning> = new Set(['settled', 'offset'])
/** A refusal hits the request as a whole, or one of its partitions. */
const HITS = { partitions: 3, whole: 3 } as const

/** What a broker refuses of a request, and how it says so. */
export class DrawnRefusal {
  readonly code: number
  readonly isWhole: boolean
  /** Whether the answer names the record that is to blame, where one may be. */
  readonly namesRecord: boolean
  readonly #which: number

  constructor(code: number, which: number, namesRecord: boolean) {
    this.code = code
    this.isWhole = which >= HITS.partitions
    this.#which = which
    this.namesRecord = namesRecord
  }

  /** The code for one of so many partitions; 0 where the broker does as asked. */
  at(index: number, count: number): number {
    return this.isWhole || index === this.#which % count ? this.code : 0
  }
}

export const NOTHING_REFUSED = new DrawnRefusal(0, HITS.partitions, false)

export class RequestFaults {
  readonly #random: Random
  readonly #rate: number
  #calm = false

  constructor(random: Random, rate: number) {
    this.#random = random
    this.#rate = rate
  }

  calm(): void {
    this.#calm = true
  }

  draw(request: RequestName): RequestFault {
    if (this.#calm || this.#random() >= this.#rate) return NONE
    const delayMs = this.#random() * LATE_MS_MAX
    const all: readonly RequestFault[] = [
      { kind: 'request lost' },
      { kind: 'answer lost' },
      { kind: 'doubled' },
      { kind: 'cut before' },
      { kind: 'cut after' },
      { kind: 'late', delayMs },
      { kind: 'answer late', delayMs },
      { kind: 'refused', refusal: this.#refusal(request) },
      { kind: 'refused', refusal: this.#refusal(request) },
    ]
    return all[Math.floor(this.#random() * all.length)] ?? NONE
  }

  #refusal(request: RequestName): DrawnRefusal {
    const meanings = new Set(
      CODES.map(each => meaningOf(each, request)).filter(each => !TRUE_ALONE.has(each)),
    )
    const meaning = this.#random() < PASSING_SHARE ? 'passing' : this.#among([...meanings])
    const code = this.#among(CODES.filter(each => meaningOf(each, request) === meaning)) ?? 7
    const which = Math.floor(this.#random() * (HITS.partitions + HITS.whole))
    return new DrawnRefusal(code, which, this.#random() < 0.5)
  }

  #among<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }
}
