/**
 * Fetches for all readers of a log, outside any group: no rebalance touches it.
 *
 * Quick fetches, which never wait at the broker, serve readers that are behind. Readers at the end of their partitions
 * share one long fetch for each broker, which waits for the first record of any of them. The two run side by side on
 * connections of their own: restoring a million records delays no reader that is up to date. Readers at the same
 * offset of a partition share what is fetched. Readers that were served last come last, so that no reader starves.
 *
 * A reader that catches up while a long fetch is under way can join only the next one. So the long fetch waits briefly
 * as long as some reader is about to join, and long otherwise. There is no other timer: an answer, a `next` or the end of
 * a rest starts the next fetch.
 */
import { CaudalError, type ErrorCode } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import type { Bounds } from '../log.ts'
import { nameOf } from './broker-codes.ts'
import { CODE, isPassingCode, type Question, refusedWith, told, topicsNamed } from './codes.ts'
import { type FetchedPartition, fetchRequest } from './fetch-request.ts'
import type { Network } from './network.ts'
import { KafkaReader } from './reader.ts'
import type { Undecided } from './undecided.ts'

/** How long a fetch waits while some reader could not be in it. */
const BRIEF_WAIT_MS = 10
const ANSWER_BYTES_MAX = 8_388_608
/** Partitions that move or were just created fail a few times: nobody need know. About half a second. */
const QUIET_TRIES_MAX = 9

/** Trouble of a partition that no second try ends. */
const STAYING: ReadonlySet<ErrorCode> = new Set([
  'TOPIC_MISSING',
  'TOPIC_REPLACED',
  'ACCESS_REFUSED',
  'BROKER_REFUSED',
  'INTERNAL',
])

export interface FetcherOptions {
  readonly system: System
  readonly undecided: Undecided
  readonly readAheadBytesMax: number
  readonly fetchWaitMs: number
  /** Two sets of connections, one for each kind of fetch. */
  readonly quick: Network
  readonly long: Network
  /** Asked when an offset turns out not to exist, to say which do. */
  boundsOf(place: TopicPartition): Promise<Bounds>
}

/** One kind of fetch on one set of connections; at most one is under way for each broker. */
interface Lane {
  readonly name: 'quick' | 'long'
  readonly network: Network
  readonly busy: Set<number>
}

export class Fetcher {
  readonly #options: FetcherOptions
  readonly #readers = new Set<KafkaReader>()
  readonly #undecided: Undecided
  readonly #quick: Lane
  readonly #long: Lane
  #starting = false
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#undecided = options.undecided
    this.#quick = laneOf('quick', options.quick)
    this.#long = laneOf('long', options.long)
  }

  open(place: TopicPartition, offset: number, topicId?: string): KafkaReader {
    const reader = new KafkaReader(place, offset, this.#options.readAheadBytesMax, {
      wants: () => this.#start(),
      closed: one => this.#readers.delete(one),
    })
    reader.topicId = topicId
    this.#readers.add(reader)
    if (this.#closed) reader.close()
    return reader
  }

  close(): void {
    this.#closed = true
    for (const reader of this.#readers) reader.close()
  }

  /** Starts what can be started, once all that happens now has happened. */
  #start(): void {
    if (this.#starting || this.#closed) return
    this.#starting = true
    queueMicrotask(() => {
      this.#starting = false
      void this.#fill(this.#quick)
      void this.#fill(this.#long)
    })
  }

  async #fill(lane: Lane): Promise<void> {
    const readers = [...this.#readers].filter(one => one.wants && this.#laneOf(one) === lane)
    if (readers.length === 0 || this.#closed) return
    for (const one of readers) one.state = 'fetching'
    try {
      const places = readers.map(reader => ({ ...reader.place, topicId: reader.topicId, reader }))
      const { leaders, lost, topicIds } = await lane.network.locate(places)
      for (const [{ reader }, error] of lost) this.#failed([reader], error)
      for (const [node, found] of leaders) {
        const own = found.map(each => each.reader)
        for (const one of own) one.topicId ??= topicIds.get(one.place.topic)
        // The broker is being asked already; they come along next time.
        if (lane.busy.has(node)) release(own)
        else void this.#fetch(lane, node, own)
      }
    } catch (error) {
      this.#failed(readers, error)
    }
  }

  #laneOf(reader: KafkaReader): Lane {
    return reader.isBehind ? this.#quick : this.#long
  }

  async #fetch(lane: Lane, node: number, wanting: readonly KafkaReader[]): Promise<void> {
    const { chosen, others } = choose(wanting)
    release(others)
    const readers = [...chosen.values()].flat()
    lane.busy.add(node)
    try {
      const waitMs = this.#waitMs(lane)
      const answer = await lane.network.send(node, this.#request(chosen, waitMs), waitMs)
      release(readers)
      this.#toTheEnd(readers)
      for (const each of answer) this.#give(lane, chosen.get(placeKey(each)) ?? [], each)
    } catch (error) {
      lane.network.outdated()
      this.#failed(readers, error)
    } finally {
      lane.busy.delete(node)
      this.#start()
    }
  }

  #request(chosen: ReadonlyMap<string, readonly KafkaReader[]>, waitMs: number) {
    const places = [...chosen.values()].flatMap(([one]) =>
      one ? { ...placeOf(one), offset: one.fetchOffset } : [],
    )
    return fetchRequest(places, {
      waitMs,
      bytesMax: ANSWER_BYTES_MAX,
      partitionBytesMax: this.#options.readAheadBytesMax,
    })
  }

  #waitMs(lane: Lane): number {
    if (lane.name === 'quick') return 0
    const leftOut = [...this.#readers].some(one => one.wants || (one.isBehind && one.state === 'fetching'))
    return leftOut ? BRIEF_WAIT_MS : this.#options.fetchWaitMs
  }

  #toTheEnd(readers: readonly KafkaReader[]): void {
    for (const one of readers) if (this.#readers.delete(one)) this.#readers.add(one)
  }

  #give(lane: Lane, readers: readonly KafkaReader[], fetched: FetchedPartition): void {
    const place = readers[0]?.place
    if (!place) return
    if (fetched.code === 0) {
      this.#undecided.seen(place, fetched.highWatermark, fetched.lastStableOffset)
      // A copy: a partition that is slow to be read would else keep the whole answer in memory.
      const own = { ...fetched, bytes: Buffer.from(fetched.bytes) }
      for (const reader of readers) reader.give(own)
    } else if (fetched.code === CODE.OFFSET_OUT_OF_RANGE) {
      for (const reader of readers) void this.#outOfRange(reader)
    } else {
      lane.network.outdated()
      this.#failed(readers, whyNot(place, fetched.code))
    }
  }

  async #outOfRange(reader: KafkaReader): Promise<void> {
    const { topic, partition } = reader.place
    const offset = reader.fetchOffset
    reader.state = 'resting'
    try {
      const { start, end } = await this.#options.boundsOf(reader.place)
      if (offset >= start && offset <= end) {
        const reason = `${reader.key} refuses offset ${offset}, which lies within ${start} and ${end}: ${nameOf(CODE.OFFSET_OUT_OF_RANGE)}`
        throw new CaudalError('LOG_UNAVAILABLE', { reason })
      }
      reader.break(new CaudalError('OFFSET_OUT_OF_RANGE', { topic, partition, offset, start, end }))
    } catch (error) {
      this.#failed([reader], error)
    }
  }

  /** Lets the readers rest; tells those whom trouble has kept waiting. */
  #failed(readers: readonly KafkaReader[], error: unknown): void {
    const reason = told(error, questionOf(...readers.map(({ place }) => place)))
    if (STAYING.has(reason.code)) {
      for (const one of readers) one.break(reason)
      return
    }
    const { system } = this.#options
    let restMs = 0
    for (const one of readers) {
      one.state = 'resting'
      restMs = Math.max(restMs, pauseMs(RETRIES.request, one.failures++, system))
      if (one.failures > QUIET_TRIES_MAX) one.fail(reason)
    }
    if (this.#closed) return
    system.after(restMs, () => {
      release(readers)
      this.#start()
    })
  }
}

function questionOf(...places: readonly TopicPartition[]): Question {
  return { request: 'Fetch', resource: topicsNamed(places.map(({ topic }) => topic)) }
}

function whyNot(place: TopicPartition, code: number): CaudalError {
  if (!isPassingCode(code, 'Fetch')) return refusedWith(code, questionOf(place))
  const reason = `${partitionKey(place)} cannot be fetched now: ${nameOf(code)}`
  return new CaudalError('LOG_UNAVAILABLE', { reason })
}

function laneOf(name: Lane['name'], network: Network): Lane {
  return { name, network, busy: new Set() }
}

/** A request may name a partition once: the readers at the first one's offset share it, others come along next time. */
function choose(readers: readonly KafkaReader[]) {
  const chosen = new Map<string, KafkaReader[]>()
  const others: KafkaReader[] = []
  for (const one of readers) {
    const key = placeKey(placeOf(one))
    const group = chosen.get(key)
    if (!group) chosen.set(key, [one])
    else if (group[0]?.fetchOffset === one.fetchOffset) group.push(one)
    else others.push(one)
  }
  return { chosen, others }
}

function placeOf({ place, topicId = '' }: KafkaReader) {
  return { topicId, partition: place.partition }
}

function placeKey({ topicId, partition }: { readonly topicId: string; readonly partition: number }): string {
  return `${topicId}/${partition}`
}

function release(readers: readonly KafkaReader[]): void {
  for (const one of readers) one.state = 'idle'
}
