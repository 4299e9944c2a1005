/** What becomes of a request on its way, drawn from the seed: nothing, or one of all that can go wrong with it. */
import { KNOWN_CODES, meaningOf, type RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { Random } from '../../seeded-random.ts'

export type RequestFault =
  | { readonly kind: 'none' | 'request lost' | 'answer lost' | 'doubled' | 'cut before' | 'cut after' }
  | { readonly kind: 'late' | 'answer late'; readonly delayMs: number }
  | { readonly kind: 'refused'; readonly code: number }

const NONE: RequestFault = { kind: 'none' }
/** Longer than any time-out of a request. */
const LATE_MS_MAX = 4_000

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
      { kind: 'refused', code: this.#passingCode(request) },
      { kind: 'refused', code: this.#passingCode(request) },
    ]
    return all[Math.floor(this.#random() * all.length)] ?? NONE
  }

  #passingCode(request: RequestName): number {
    const codes = KNOWN_CODES.filter(code => ['passing', 'moved'].includes(meaningOf(code, request)))
    return codes[Math.floor(this.#random() * codes.length)] ?? 7
  }
}
