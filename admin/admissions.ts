/** How many events were dropped because their id was let in before, seen from outside. */

interface Taken {
  events: number
  outcomes: number
}

/**
 * Admission goes by a clock of its own that no topic shows: whether an id that came again was dropped or let in can only
 * be told by what came of it. So each id counts as let in once, or as often as it has outcomes where those are more, and
 * the rest of its events are duplicates. An id without any outcome stays open; one that has an outcome cannot keep
 * anybody waiting, whatever the times of its events say.
 */
export class Admissions {
  /** Taken once, with one outcome. That is nearly all of them, and a set costs a third of the memory. */
  readonly #settled = new Set<string>()
  /** The others. */
  readonly #ids = new Map<string, Taken>()
  /** As far as the topics were read, in whatever order. */
  duplicates = 0

  taken(id: string): void {
    this.#change(id, 1, 0)
  }

  /** With -1 an outcome that does not hold any more, because its question was sent again. */
  outcome(id: string, by: 1 | -1): void {
    this.#change(id, 0, by)
  }

  #change(id: string, events: number, outcomes: number): void {
    const of = this.#ids.get(id) ?? { events: 0, outcomes: 0 }
    if (this.#settled.delete(id)) of.events = of.outcomes = 1
    this.duplicates -= dropped(of)
    of.events += events
    of.outcomes += outcomes
    this.duplicates += dropped(of)
    this.#keep(id, of)
  }

  #keep(id: string, of: Taken): void {
    const isSettled = of.events === 1 && of.outcomes === 1
    if (isSettled) this.#settled.add(id)
    if (isSettled) this.#ids.delete(id)
    else this.#ids.set(id, of)
  }
}

const dropped = ({ events, outcomes }: Taken): number => events - Math.min(events, Math.max(1, outcomes))
