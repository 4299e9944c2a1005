/** Counts what became of the searches of an index. */
import type { Hit, Refusal, SemanticStatistics } from '../semantic.ts'
import type { RuleName } from './guard/part.ts'

/** The figures of an index since the start of its process. */
export class SearchTally {
  #searches = 0
  #hits = 0
  #failed = 0
  #unusable = 0
  #similarities = 0
  #savedUsd = 0
  #withoutPrice = 0
  readonly #refused = new Map<RuleName, number>()

  missed(): undefined {
    this.#searches += 1
  }

  hit(hit: Hit): Hit {
    this.#searches += 1
    this.#hits += 1
    this.#similarities += hit.similarity
    if (hit.answer.costUsd === undefined) this.#withoutPrice += 1
    else this.#savedUsd += hit.answer.costUsd
    return hit
  }

  refused(refusal: Refusal): Refusal {
    this.#searches += 1
    this.#refused.set(refusal.rule, (this.#refused.get(refusal.rule) ?? 0) + 1)
    return refusal
  }

  failed(): void {
    this.#searches += 1
    this.#failed += 1
  }

  unusable(): void {
    this.#unusable += 1
  }

  figures(): Omit<SemanticStatistics, 'entries'> {
    return {
      searches: this.#searches,
      hits: this.#hits,
      refused: Object.fromEntries(this.#refused),
      failed: this.#failed,
      meanSimilarity: this.#hits === 0 ? undefined : this.#similarities / this.#hits,
      savedUsd: this.#savedUsd,
      hitsWithoutPrice: this.#withoutPrice,
      unusable: this.#unusable,
    }
  }
}
