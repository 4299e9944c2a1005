/** The outcomes of questions by their ids, filled by one follower and asked by many. */
import type { Delivered, Failed } from '#answers/types.ts'
import { asShown } from '#core/codec.ts'
import type { LogRecord } from '#core/record.ts'
import { type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
import type { OutcomeListener } from './outcomes.ts'

export type Outcome =
  | { readonly status: 'delivered'; readonly id: string; readonly delivered: Delivered }
  /** Invalid, or its attempts are used up. */
  | { readonly status: 'failed'; readonly id: string; readonly failed: Failed }
  /** The pipeline could not process it. */
  | { readonly status: 'dead'; readonly id: string; readonly letter: DeadLetter }

/** Of one id: an outcome for each place where one is kept. */
type Ends = Map<string, Outcome>

/**
 * An id may have several outcomes: it failed and was sent again, or it came again after admission had forgotten it. They are
 * read from several topics in any order, so all that stand are kept, and the latest by its own time is the outcome. An
 * outcome is void once its question was sent again.
 */
export class OutcomeIndex implements OutcomeListener {
  readonly #idsMax: number
  readonly #onOutcome: (outcome: Outcome) => void
  /** Those heard of last at the end. */
  readonly #ids = new Map<string, Ends>()
  /** By the place where a failure is kept, the id that it belongs to. */
  readonly #failures = new Map<string, string>()
  readonly #waiting = new Map<string, Set<(outcome: Outcome) => void>>()

  /** Ids that are remembered; those heard of longest ago are forgotten first. Each outcome is handed on as it comes. */
  constructor(idsMax: number, onOutcome: (outcome: Outcome) => void = () => {}) {
    this.#idsMax = idsMax
    this.#onOutcome = onOutcome
  }

  get(id: string): Outcome | undefined {
    const ends = [...(this.#ids.get(id)?.values() ?? [])]
    return ends.reduce<Outcome | undefined>(
      (latest, each) => (latest && timeOf(latest) > timeOf(each) ? latest : each),
      undefined,
    )
  }

  /** Calls back at the next outcome of the id, once; the returned function takes that back. */
  once(id: string, callback: (outcome: Outcome) => void): () => void {
    const callbacks = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, callbacks.add(callback))
    return () => {
      callbacks.delete(callback)
      if (callbacks.size === 0 && this.#waiting.get(id) === callbacks) this.#waiting.delete(id)
    }
  }

  delivered(delivered: Delivered): void {
    this.#add('delivered', { status: 'delivered', id: delivered.id, delivered })
  }

  failed(failed: Failed, place: string): void {
    this.#addFailure(`failed ${place}`, { status: 'failed', id: failed.id, failed })
  }

  unfailed(place: string): void {
    this.#take(`failed ${place}`)
  }

  dead({ value }: LogRecord, place: string): void {
    if (!value) return
    const letter = decodeDeadLetter(value)
    // Every topic of the pipeline but the first is keyed by the id of the question.
    const id = letter.origin.key ? asShown(letter.origin.key) : letter.id
    this.#addFailure(`dead ${place}`, { status: 'dead', id, letter })
  }

  undead(place: string): void {
    this.#take(`dead ${place}`)
  }

  #addFailure(place: string, outcome: Outcome): void {
    this.#failures.set(place, outcome.id)
    this.#add(place, outcome)
  }

  #add(place: string, outcome: Outcome): void {
    const { id } = outcome
    const ends: Ends = this.#ids.get(id) ?? new Map()
    const before = ends.get(place)
    if (!before || timeOf(before) <= timeOf(outcome)) ends.set(place, outcome)
    this.#ids.delete(id)
    this.#ids.set(id, ends)
    if (this.#ids.size > this.#idsMax) this.#forgetOldest()
    const callbacks = this.#waiting.get(id)
    this.#waiting.delete(id)
    this.#onOutcome(outcome)
    for (const callback of callbacks ?? []) callback(outcome)
  }

  #take(place: string): void {
    const id = this.#failures.get(place)
    if (id === undefined) return
    this.#failures.delete(place)
    const ends = this.#ids.get(id)
    ends?.delete(place)
    if (ends?.size === 0) this.#ids.delete(id)
  }

  #forgetOldest(): void {
    const [oldest] = this.#ids
    if (!oldest) return
    const [id, ends] = oldest
    this.#ids.delete(id)
    for (const place of ends.keys()) this.#failures.delete(place)
  }
}

function timeOf(outcome: Outcome): number {
  switch (outcome.status) {
    case 'delivered':
      return outcome.delivered.delivered_at
    case 'failed':
      return outcome.failed.failed_at
    case 'dead':
      return outcome.letter.failedAt
  }
}
