/** Events of questions as they come, read from the log once for all who listen. */
import { TOPICS } from '#answers/topics.ts'
import { Values } from '#answers/values.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { recordId } from '#engine/record/identity.ts'
import type { TaskEvent } from '#stores/history.ts'
import type { Organization } from '#stores/organization.ts'
import {
  acceptedEvent,
  callEvent,
  deliveredEvent,
  type EventFacts,
  failedEvent,
} from '#stores/task-events.ts'
import type { Plan } from '#topology/plan.ts'
import { together } from './outcomes.ts'

export interface EventFeedOptions {
  readonly log: Log
  readonly plan: Plan
  readonly system: System
}

export type EventListener = (event: TaskEvent) => void

/** Events that are remembered. They bridge the time until the database has an event, which is far shorter. */
const RECENT_MAX = 10_000

type Topic = typeof TOPICS.intake | typeof TOPICS.recordings | typeof TOPICS.failed | typeof TOPICS.delivered

/**
 * An event is named by its record, here as in the database. A stream reads the database and listens here, and may meet an
 * event in both places. It knows the event by its name.
 */
export class EventFeed implements Disposable {
  readonly #options: EventFeedOptions
  readonly #values: Values
  readonly #listeners = new Map<string, Set<EventListener>>()
  /** By task, in the order in which they were read. */
  readonly #recent = new Map<string, TaskEvent[]>()
  readonly #closing = new AbortController()
  #recentCount = 0
  #following: Following | undefined

  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#values = new Values(options.plan)
  }

  /** Follows the topics that the graph has, from their end on. */
  async start(): Promise<void> {
    this.#following = together(
      await Promise.all([
        this.#follow(TOPICS.intake, async bytes =>
          acceptedEvent(await this.#values.read(TOPICS.intake, bytes)),
        ),
        this.#follow(TOPICS.failed, async bytes =>
          failedEvent(await this.#values.read(TOPICS.failed, bytes)),
        ),
        this.#follow(TOPICS.delivered, async bytes =>
          deliveredEvent(await this.#values.read(TOPICS.delivered, bytes)),
        ),
        ...(this.#options.plan.topics.has(TOPICS.recordings)
          ? [
              this.#follow(TOPICS.recordings, async bytes =>
                callEvent(await this.#values.read(TOPICS.recordings, bytes)),
              ),
            ]
          : []),
      ]),
    )
  }

  /** Aborted when no event will come any more. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** Of one task: what is remembered, in the order of the history. */
  recent(organization: Organization, taskId: string): readonly TaskEvent[] {
    return (this.#recent.get(taskId) ?? []).filter(event => event.organization === organization)
  }

  /** Calls back for each event of the task to come; the returned function takes that back. */
  listen(organization: Organization, taskId: string, listener: EventListener): () => void {
    const own: EventListener = event => {
      if (event.organization === organization) listener(event)
    }
    const listeners = this.#listeners.get(taskId) ?? new Set()
    this.#listeners.set(taskId, listeners.add(own))
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId)
    }
  }

  [Symbol.dispose](): void {
    this.#following?.close()
    this.#closing.abort()
  }

  #follow(topic: Topic, factsOf: (bytes: Uint8Array) => Promise<EventFacts>): Promise<Following> {
    const { log, system } = this.#options
    const onRecord = async ({ value, offset, headers }: LogRecord, partition: number) => {
      if (value)
        this.#tell({ recordId: recordId(topic, partition, offset, headers), ...(await factsOf(value)) })
    }
    return follow(log, { topic, from: 'end', system, onRecord })
  }

  #tell(event: TaskEvent): void {
    const events = this.#recent.get(event.taskId) ?? []
    // A task that was heard of last is forgotten last.
    this.#recent.delete(event.taskId)
    this.#recent.set(event.taskId, [...events, event])
    this.#recentCount++
    for (const [taskId, oldest] of this.#recent) {
      if (this.#recentCount <= RECENT_MAX) break
      this.#recent.delete(taskId)
      this.#recentCount -= oldest.length
    }
    for (const listener of this.#listeners.get(event.taskId) ?? []) listener(event)
  }
}
