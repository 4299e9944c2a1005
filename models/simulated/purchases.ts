/** How often each completion was bought: the evidence that no answer is paid for twice. */

/** What a simulated provider has done since its start. */
export interface ModelServerStats {
  /** Completions asked for. */
  readonly calls: number
  /** Completions answered in full, each of which a real provider would have billed. */
  readonly successes: number
  /** Successes beyond the first of the same request id. */
  readonly boughtTwice: number
  readonly refused: number
  readonly failed: number
  readonly malformed: number
  /** The caller left before its answer. */
  readonly abandoned: number
  readonly inFlight: number
  readonly embeddings: number
}

type Outcome = 'successes' | 'refused' | 'failed' | 'malformed' | 'abandoned'

/** Request ids remembered where nothing else is said; the oldest are forgotten first. */
const REQUEST_IDS_MAX = 1_000_000

interface Entry {
  calls: number
  successes: number
  /** How the call ended that ended last. */
  last: Outcome | undefined
}

/** Counts calls and completions by their request id. */
export class Purchases {
  readonly #byId = new Map<string, Entry>()
  readonly #counts = { calls: 0, successes: 0, refused: 0, failed: 0, malformed: 0, abandoned: 0 }
  readonly #idsMax: number
  #boughtTwice = 0
  #inFlight = 0
  #embeddings = 0

  constructor(idsMax = REQUEST_IDS_MAX) {
    this.#idsMax = idsMax
  }

  /** Returns which call of this request id it is, from 1. */
  begin(requestId: string): number {
    const entry = this.#byId.get(requestId) ?? { calls: 0, successes: 0, last: undefined }
    entry.calls += 1
    this.#byId.set(requestId, entry)
    if (this.#byId.size > this.#idsMax) {
      for (const oldest of this.#byId.keys()) {
        this.#byId.delete(oldest)
        break
      }
    }
    this.#counts.calls += 1
    this.#inFlight += 1
    return entry.calls
  }

  end(requestId: string, outcome: Outcome): void {
    this.#counts[outcome] += 1
    this.#inFlight -= 1
    const entry = this.#byId.get(requestId)
    if (!entry) return
    entry.last = outcome
    if (outcome !== 'successes') return
    entry.successes += 1
    if (entry.successes > 1) this.#boughtTwice += 1
  }

  embedded(): void {
    this.#embeddings += 1
  }

  stats(): ModelServerStats {
    return {
      ...this.#counts,
      boughtTwice: this.#boughtTwice,
      inFlight: this.#inFlight,
      embeddings: this.#embeddings,
    }
  }

  /** Request ids that were bought, asked for again, and not answered the last time: the caller has none of the answers. */
  lostIds(): readonly string[] {
    const lost = [...this.#byId].filter(([, { successes, last }]) => successes > 0 && last !== 'successes')
    return lost.map(([id]) => id)
  }

  successesById(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byId].map(([id, { successes }]) => [id, successes]))
  }
}
