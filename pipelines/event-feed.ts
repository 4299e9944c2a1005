/** Events of questions as they come, read from the log once for all who listen. */
import { STREAM_HEADER, STREAMED } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import { Values } from '#answers/values.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow, type LeftOut } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { placesOf } from '#engine/log/read-topic.ts'
import type { TaskEvent } from '#stores/history.ts'
import type { Organization } from '#stores/organization.ts'
import type { Plan } from '#topology/plan.ts'
import { type AllEvents, openAllEvents } from './all-events.ts'
import { EVENT_TOPICS, type EventTopic, eventIn } from './event-records.ts'
import { together } from './outcomes.ts'
import { PlacedEvents } from './placed-events.ts'

export interface EventFeedOptions {
  readonly log: Log
  readonly plan: Plan
  readonly system: System
  /** Learns of records that cannot be read. Without it one of them ends the feed. */
  readonly leftOut?: LeftOut
}

/** `isStreamed`: the question asked for its answer while it is written. */
export type EventListener = (event: TaskEvent, isStreamed: boolean) => void

/** Events that are remembered. They bridge the time until the database has an event, which is far shorter. */
const RECENT_MAX = 10_000
/** So long an outcome waits for events that go before it. */
const CAUGHT_UP_MS = 1_000

/**
 * An event is named by its record, here as in the database. A stream of one task reads the database and listens here, and
 * may meet an event in both places. It knows the event by its name. A stream of all events knows its place in the log.
 */
export class EventFeed implements Disposable {
  readonly #options: EventFeedOptions
  readonly #values: Values
  readonly #listeners = new Map<string, Set<EventListener>>()
  /** By task, in the order in which they were read. */
  readonly #recent = new Map<string, TaskEvent[]>()
  readonly #closing = new AbortController()
  readonly #topics: readonly EventTopic[]
  #placed = new PlacedEvents([], RECENT_MAX)
  #recentCount = 0
  /** What happened at this time or later is remembered. */
  #since = Number.POSITIVE_INFINITY
  #following: Following | undefined

  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#values = new Values(options.plan)
    this.#topics = EVENT_TOPICS.filter(topic => options.plan.topics.has(topic))
  }

  /** Follows the topics that the graph has, from their end on. */
  async start(): Promise<void> {
    const { log, system } = this.#options
    this.#since = system.now()
    const places = await Promise.all(this.#topics.map(topic => placesOf(log, topic)))
    const ends = await Promise.all(
      places.map(async each => (await log.bounds(each)).map(bounds => bounds.end)),
    )
    this.#placed = new PlacedEvents(ends, RECENT_MAX)
    this.#following = together(
      await Promise.all(this.#topics.map((topic, index) => this.#follow(topic, index, ends[index] ?? []))),
    )
  }

  /** Aborted when no event will come any more. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** Of a feed that has started: rejects when no event will come any more. */
  get ended(): Promise<void> {
    return this.#following?.ended ?? Promise.resolve()
  }

  /** Resolves when every event was heard that the topics hold now; after a second in any case. */
  caughtUp(): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.system.after(CAUGHT_UP_MS, resolve)
      const settle = () => {
        cancel()
        resolve()
      }
      if (this.#following) this.#following.caughtUp().then(settle, settle)
      else settle()
    })
  }

  /** Of one task: what is remembered, in the order of the history. */
  recent(organization: Organization, taskId: string): readonly TaskEvent[] {
    return (this.#recent.get(taskId) ?? []).filter(event => event.organization === organization)
  }

  /** Whether every event is remembered of a task that was asked at this time. */
  reachesBackTo(time: number): boolean {
    return time >= this.#since
  }

  /** Calls back for each event of the task to come; the returned function takes that back. */
  listen(organization: Organization, taskId: string, listener: EventListener): () => void {
    const own: EventListener = (event, isStreamed) => {
      if (event.organization === organization) listener(event, isStreamed)
    }
    const listeners = this.#listeners.get(taskId) ?? new Set()
    this.#listeners.set(taskId, listeners.add(own))
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId)
    }
  }

  /** All events of an organisation, behind what the client has, or from now on. Nothing for an id that no stream gave. */
  all(organization: Organization, lastId: string | undefined): AllEvents | undefined {
    const { log } = this.#options
    const read = (topic: number, record: LogRecord, partition: number) =>
      this.#eventIn(this.#topics[topic] ?? TOPICS.intake, record, partition)
    return openAllEvents({ log, topics: this.#topics, placed: this.#placed, read }, organization, lastId)
  }

  [Symbol.dispose](): void {
    this.#following?.close()
    this.#closing.abort()
  }

  #follow(topic: EventTopic, index: number, from: readonly number[]): Promise<Following> {
    const { log, system, leftOut } = this.#options
    const onRecord = async (record: LogRecord, partition: number) => {
      const event = await this.#eventIn(topic, record, partition)
      if (event) this.#tell(event, isStreamed(record))
      this.#placed.read({ topic: index, partition, offset: record.offset }, event)
    }
    return follow(log, { topic, from, system, onRecord, leftOut })
  }

  /** Nothing for a record that cannot be read, where somebody learns of it. */
  async #eventIn(topic: EventTopic, record: LogRecord, partition: number): Promise<TaskEvent | undefined> {
    const { leftOut } = this.#options
    try {
      return await eventIn(this.#values, topic, record, partition)
    } catch (error) {
      if (!leftOut) throw error
      leftOut.record({ topic, partition }, record.offset, error)
      return undefined
    }
  }

  #tell(event: TaskEvent, isStreamed: boolean): void {
    const events = this.#recent.get(event.taskId) ?? []
    // A task that was heard of last is forgotten last.
    this.#recent.delete(event.taskId)
    this.#recent.set(event.taskId, [...events, event])
    this.#recentCount++
    for (const [taskId, oldest] of this.#recent) {
      if (this.#recentCount <= RECENT_MAX) break
      this.#recent.delete(taskId)
      this.#recentCount -= oldest.length
      for (const { at } of oldest) this.#since = Math.max(this.#since, at + 1)
    }
    for (const listener of this.#listeners.get(event.taskId) ?? []) listener(event, isStreamed)
  }
}

/** The header of the question goes on to all that comes of the question. */
const isStreamed = ({ headers }: LogRecord): boolean => {
  const value = headers[STREAM_HEADER]
  return value !== undefined && Buffer.from(value).toString() === STREAMED
}
