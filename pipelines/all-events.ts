/**
 * The stream of all events of an organisation, which goes on where a client was cut off, at any gateway.
 *
 * The id of an event is the place of its stream behind it: the offset up to which each partition was read. A client that
 * comes back names it. What is remembered from there on is sent at once. What is older is read from the log, the partitions
 * side by side by time, in the order of each. Then the client listens. Nothing is awaited between the last remembered event
 * and that, so that none is missed or sent twice.
 *
 * A gateway may be behind the one that gave the id: what the client has is left out when it comes.
 */
import type { LogRecord } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'
import { placesOf, readAll } from '#engine/log/read-topic.ts'
import type { TaskEvent } from '#stores/history.ts'
import type { Organization } from '#stores/organization.ts'
import {
  distance,
  isUpTo,
  mapPositions,
  offsetAt,
  type Positions,
  positionsIn,
  positionsText,
} from './event-positions.ts'
import type { PlacedEvent, PlacedEvents } from './placed-events.ts'

/** Where all events go. */
export interface AllEventsSink {
  event(event: TaskEvent, id: string): void
  /** Events were left out, for the reason. */
  gap(reason: string, id: string): void
  /** Resolves when the client can take more. */
  ready(): Promise<void>
}

export interface AllEvents {
  /** Sends what there is. Resolves when the client listens to what comes, with what takes that back. */
  open(sink: AllEventsSink, signal: AbortSignal): Promise<() => void>
}

export interface AllEventsOptions {
  readonly log: Log
  readonly topics: readonly string[]
  readonly placed: PlacedEvents
  read(topic: number, record: LogRecord, partition: number): Promise<TaskEvent | undefined>
}

/** A client that is further behind starts from now, behind a `gap`. */
const BEHIND_MAX = 20_000
/** Sent in one turn. */
const EVENTS_A_TURN = 100

export function openAllEvents(
  options: AllEventsOptions,
  organization: Organization,
  lastId: string | undefined,
): AllEvents | undefined {
  const from = lastId === undefined ? undefined : positionsIn(lastId)
  if (lastId !== undefined && !from) return undefined
  return { open: (sink, signal) => new Client(options, organization, sink, signal).open(from) }
}

class Client {
  readonly #options: AllEventsOptions
  readonly #organization: Organization
  readonly #sink: AllEventsSink
  readonly #signal: AbortSignal
  /** What the client has. */
  #has: number[][]

  constructor(
    options: AllEventsOptions,
    organization: Organization,
    sink: AllEventsSink,
    signal: AbortSignal,
  ) {
    this.#options = options
    this.#organization = organization
    this.#sink = sink
    this.#signal = signal
    this.#has = copyOf(options.placed.end)
  }

  async open(from: Positions | undefined): Promise<() => void> {
    if (!from) return this.#listen()
    await this.#beginAt(from)
    const { placed } = this.#options
    for (;;) {
      while (!isUpTo(this.#has, placed.start)) await this.#readLog()
      const left = placed.from(this.#has)
      for (const each of left.slice(0, EVENTS_A_TURN)) this.#take(each)
      if (left.length <= EVENTS_A_TURN) return this.#listen()
      await this.#ready()
    }
  }

  #listen(): () => void {
    return this.#options.placed.listen(each => this.#listened(each))
  }

  /** Of another log, or of what the log holds no more, is a gap; so is too much. */
  async #beginAt(from: Positions): Promise<void> {
    const { log, topics, placed } = this.#options
    const bounds = await Promise.all(topics.map(async topic => log.bounds(await placesOf(log, topic))))
    const of = ({ topic, partition }: { topic: number; partition: number }) =>
      bounds[topic]?.[partition] ?? { start: 0, end: 0 }
    let reason: string | undefined
    this.#has = mapPositions(placed.end, (place, now) => {
      const offset = offsetAt(from, place)
      const { start, end } = of(place)
      if (offset > Math.max(end, now)) reason = 'the id is of another log'
      else if (offset < start) reason = 'the log keeps these events no more'
      return offset > Math.max(end, now) ? now : Math.max(offset, start)
    })
    if (distance(this.#has, placed.start) > BEHIND_MAX) {
      reason = `more than ${BEHIND_MAX} records came since`
      this.#has = copyOf(placed.end)
    }
    if (reason !== undefined) this.#sink.gap(reason, positionsText(this.#has))
  }

  /** What lies before all that is remembered. */
  async #readLog(): Promise<void> {
    const { log, topics, placed, read } = this.#options
    const to = copyOf(placed.start)
    const lists: PlacedEvent[][] = []
    for (const [topic, name] of topics.entries()) {
      const found = new Map<number, PlacedEvent[]>()
      await readAll(
        log,
        name,
        async (record, partition) => {
          const event = await read(topic, record, partition)
          const list = found.get(partition) ?? []
          found.set(partition, list)
          if (event) list.push({ place: { topic, partition, offset: record.offset }, event })
        },
        { from: this.#has[topic], to: to[topic], signal: this.#signal },
      )
      lists.push(...found.values())
    }
    for (const [index, each] of merged(lists).entries()) {
      this.#take(each)
      if (index % EVENTS_A_TURN === 0) await this.#ready()
    }
    this.#has = mapPositions(this.#has, (place, offset) => Math.max(offset, offsetAt(to, place)))
  }

  #take({ place, event }: PlacedEvent): void {
    const offsets = this.#has[place.topic]
    if (!offsets || place.offset < offsetAt(this.#has, place)) return
    offsets[place.partition] = place.offset + 1
    if (event.organization === this.#organization) this.#sink.event(event, positionsText(this.#has))
  }

  /** What the client has from a gateway that was ahead is left out; its place is never given up. */
  #listened({ place, event }: PlacedEvent): void {
    const { placed } = this.#options
    if (event.organization !== this.#organization || place.offset < offsetAt(this.#has, place)) return
    // Once this gateway has read what the client has, its own place is the client's, and one text serves all.
    if (isUpTo(placed.end, this.#has)) this.#has = []
    const id =
      this.#has.length === 0
        ? placed.endText
        : positionsText(mapPositions(placed.end, (at, now) => Math.max(now, offsetAt(this.#has, at))))
    this.#sink.event(event, id)
  }

  async #ready(): Promise<void> {
    await this.#sink.ready()
    this.#signal.throwIfAborted()
  }
}

const copyOf = (positions: Positions): number[][] => mapPositions(positions, (_, offset) => offset)

/** By time, as far as the order within each list allows. */
function merged(lists: readonly (readonly PlacedEvent[])[]): readonly PlacedEvent[] {
  const heads = lists.filter(list => list.length > 0).map(list => ({ list, next: 0 }))
  const all: PlacedEvent[] = []
  for (;;) {
    let first: { readonly event: PlacedEvent; readonly head: { next: number } } | undefined
    for (const head of heads) {
      const event = head.list[head.next]
      if (event && (!first || isBefore(event, first.event))) first = { event, head }
    }
    if (!first) return all
    all.push(first.event)
    first.head.next++
  }
}

const isBefore = ({ event: a }: PlacedEvent, { event: b }: PlacedEvent): boolean =>
  a.at < b.at || (a.at === b.at && a.rank < b.rank)
