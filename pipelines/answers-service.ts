/** The door of the pipeline for a program: a question in, its outcome out, and all outcomes as they come. */
import { normalise } from '#answers/events.ts'
import type { TaskTypes } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Follower, Intake } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import { CaudalError } from '#core/errors.ts'
import { HEADER, type Headers, type NewRecord, NO_HEADERS, sizeOf } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import { type Following, follow, type LeftOut } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { Appender } from './appender.ts'
import { Joins } from './joins.ts'
import { type Outcome, OutcomeIndex } from './outcome-index.ts'
import { followOutcomes, type OutcomeListener, together } from './outcomes.ts'
import type { RunIndex } from './run-index.ts'

export interface ServiceOptions {
  readonly log: Log
  /** The topology of the pipeline, its codecs bound to a registry: by a pod that runs the pipeline, or by a program outside. */
  readonly plan: Plan
  /** Begins the ids that it gives; unique among those that submit at the same time, as the name of a pod is. */
  readonly name: string
  readonly system?: System
  /** Those of the pipeline; its own when left out. */
  readonly taskTypes?: TaskTypes
  /** Ids whose outcomes are remembered, those heard of longest ago forgotten first; 10,000 when left out. */
  readonly outcomesMax?: number
  /** Learns each question that is let in, by whatever way it came, and each outcome. */
  readonly runs?: RunIndex
  /** Learns of records that cannot be read. Without it one of them ends the service. */
  readonly leftOut?: LeftOut
}

/** An event that is a question, not yet put in. */
export interface Prepared {
  readonly intake: Intake
  readonly record: NewRecord
}

const OUTCOMES_MAX = 10_000

/**
 * What is submitted goes the way of every other event, through the topic of raw events, so that figures and failures count
 * it as any. Outcomes come from an index that one follower fills, from the beginning of the topics on: to wait for an id
 * reads nothing again. An id whose outcome is forgotten is like one that has none.
 */
export class AnswersService implements Disposable {
  readonly #options: ServiceOptions
  readonly #system: System
  readonly #index: OutcomeIndex
  readonly #appender: Appender
  readonly #joins: Joins | undefined
  #following: Following | undefined
  /** Aborted with the reason why no outcome will come any more. */
  readonly #ended = new AbortController()
  #count = 0

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#system = options.system ?? realSystem
    const { log, plan, runs } = options
    this.#index = new OutcomeIndex(options.outcomesMax ?? OUTCOMES_MAX, ({ id }) => runs?.ended(id))
    const partitions = plan.topics.get(TOPICS.raw)?.partitions ?? 1
    this.#appender = new Appender({ log, topic: TOPICS.raw, partitions })
    this.#joins = plan.topics.has(TOPICS.followers)
      ? new Joins({ log, plan, system: this.#system })
      : undefined
  }

  /**
   * Follows the outcomes; resolves when those are known that the topics hold. Before that, a failure could be taken for the
   * outcome of a question that was sent again since. A program that only submits needs no start.
   */
  async start(): Promise<void> {
    const following = together([await this.follow(this.#index, 'start'), ...(await this.#intakes())])
    this.#following = following
    following.ended.then(
      () => this.#end(new CaudalError('LOG_CLOSED')),
      error => this.#end(error),
    )
    await following.caughtUp()
    this.#options.runs?.caughtUp()
  }

  /** Of a service that has started: rejects when the outcomes can be followed no more. */
  get ended(): Promise<void> {
    return this.#following?.ended ?? Promise.resolve()
  }

  /** Resolves when the index has every outcome that the topics hold now. */
  async caughtUp(): Promise<void> {
    await this.#following?.caughtUp()
  }

  /**
   * Puts a question in; resolves to the id that its outcome will have. Rejects with REJECTED where the event is none, with
   * every fault, or larger than the log takes; nothing is written then.
   */
  async submit(event: unknown): Promise<string> {
    const prepared = this.prepare(event)
    if ('faults' in prepared) throw new CaudalError('REJECTED', { reason: prepared.faults.join('; ') })
    await this.append([prepared])
    return prepared.intake.id
  }

  /** The question that an event is, or every fault of the event. Nothing is written. */
  prepare(event: unknown, headers: Headers = NO_HEADERS): Prepared | { readonly faults: readonly string[] } {
    const { log, taskTypes = TASK_TYPES } = this.#options
    const timestamp = this.#system.now()
    const recordId = this.newId(timestamp)
    const normalised = normalise(event, taskTypes, { recordId, timestamp })
    if ('faults' in normalised) return normalised
    const bare = rawRecord(Buffer.from(JSON.stringify(event)), timestamp, recordId)
    const record = { ...bare, headers: { ...headers, ...bare.headers } }
    const bytes = sizeOf(record)
    return bytes > log.recordBytesMax
      ? { faults: [`the event has ${bytes} bytes, ${log.recordBytesMax} are taken at most`] }
      : { intake: normalised.intake, record }
  }

  /** Puts questions in, all or none of them; the log holds them when this resolves. */
  append(prepared: readonly Prepared[]): Promise<void> {
    return this.#appender.append(prepared.map(({ record }) => record))
  }

  /** Has those who joined questions under way hear of the outcomes; the log holds it when this resolves. */
  async join(followers: readonly Follower[]): Promise<void> {
    await this.#joins?.append(followers)
  }

  /** Puts text in as it is. The id is that of the outcome where the text is no event, or one without an id of its own. */
  async put(text: string, id: string): Promise<void> {
    await this.#appender.append([rawRecord(Buffer.from(text), this.#system.now(), id)])
  }

  /** An id that nobody else gives. */
  newId(now = this.#system.now()): string {
    return `${this.#options.name}/${now}/${this.#count++}`
  }

  /** What has become of the id so far. */
  outcomeNow(id: string): Outcome | undefined {
    return this.#index.get(id)
  }

  /** Waits until the id has an outcome. Rejects with the signal's reason, and when the outcomes cannot be followed any more. */
  outcome(id: string, signal?: AbortSignal): Promise<Outcome> {
    const known = this.#index.get(id)
    if (known) return Promise.resolve(known)
    const ends = signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal
    return new Promise((resolve, reject) => {
      if (ends.aborted) return reject(ends.reason)
      const abort = () => {
        cancel()
        reject(ends.reason)
      }
      const cancel = this.#index.once(id, outcome => {
        ends.removeEventListener('abort', abort)
        resolve(outcome)
      })
      ends.addEventListener('abort', abort, { once: true })
    })
  }

  /** Hands outcomes to the listener until it is closed: those to come, or from `start` on all that there are. */
  follow(listener: OutcomeListener, from: 'start' | 'end' = 'end'): Promise<Following> {
    const { log, plan, leftOut } = this.#options
    return followOutcomes({ log, plan, system: this.#system, from, leftOut }, listener)
  }

  /** Each wait for an outcome rejects with LOG_CLOSED. The caller of `follow` closes what it returned. */
  close(): void {
    this.#end(new CaudalError('LOG_CLOSED'))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #end(reason: unknown): void {
    this.#following?.close()
    this.#ended.abort(reason)
  }

  /** Questions as they are let in, for the index of runs. */
  async #intakes(): Promise<readonly Following[]> {
    const { log, plan, runs, leftOut } = this.#options
    if (!runs) return []
    const values = new Values(plan)
    const onRecord = async ({ value }: { readonly value: Uint8Array | null }) => {
      if (value) runs.add(await values.read(TOPICS.intake, value))
    }
    const system = this.#system
    return [await follow(log, { topic: TOPICS.intake, from: 'start', system, onRecord, leftOut })]
  }
}

/** An event as it is put in; its id tells it from others, and is that of its question where the event has none. */
export function rawRecord(value: Uint8Array, timestamp: number, id?: string): NewRecord {
  return {
    key: null,
    value,
    headers: id === undefined ? NO_HEADERS : { [HEADER.id]: Buffer.from(id) },
    timestamp,
  }
}
