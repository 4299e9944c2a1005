/** What a run leaves behind and a user could read: committed topics, state, the provider's bill, what happened to the pods. */
import type { Codec } from '#core/codec.ts'
import { asText } from '#core/codec.ts'
import { HEADER, type LogRecord } from '#core/record.ts'
import { type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
import { unframe } from '#engine/state/frame.ts'
import { type Entry, parseEntry } from '#engine/state/layout.ts'
import type { Plan } from '#topology/plan.ts'
import type { Ledger, TaskCommitted } from './ledger.ts'
import type { Call } from './model-server.ts'

/** One committed record with its place. */
export interface Seen<T> {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly value: T
  readonly record: LogRecord
}

/** Stands for the model among the processes. */
export const PROVIDER = 'provider'

/** A time in which something was wrong with a process, or with all of them. */
export interface Disturbance {
  readonly process: string | undefined
  readonly from: number
  readonly until: number
  /** Its consequences, such as a time-out, a lost session or a take-over, last until then. */
  readonly settledBy: number
}

/** A process that ended by itself. */
export interface PodFailure {
  readonly process: string
  readonly error: unknown
}

export interface EvidenceSources {
  readonly plan: Plan
  /** Committed records by partition. */
  readonly committed: (topic: string) => readonly (readonly LogRecord[])[]
  readonly calls: readonly Call[]
  readonly ledger: Ledger
  /** The process that an incarnation was. */
  readonly processOf: (incarnation: string) => string | undefined
  /** Whether another process went by the name of this one at that time. */
  readonly hadDuplicate: (process: string, at: number) => boolean
  readonly disturbances: readonly Disturbance[]
  readonly failures: readonly PodFailure[]
  /** How many faults have struck. */
  readonly strikes: number
}

export interface StateEntry {
  readonly entry: Entry
  readonly partition: number
  readonly value: Uint8Array
}

export class Evidence {
  readonly plan: Plan
  readonly calls: readonly Call[]
  readonly disturbances: readonly Disturbance[]
  readonly failures: readonly PodFailure[]
  readonly strikes: number
  readonly #sources: EvidenceSources

  constructor(sources: EvidenceSources) {
    this.#sources = sources
    this.plan = sources.plan
    this.calls = sources.calls
    this.disturbances = sources.disturbances
    this.failures = sources.failures
    this.strikes = sources.strikes
  }

  /** How many committed records a topic has. */
  count(topic: string): number {
    return this.#sources.committed(topic).reduce((sum, records) => sum + records.length, 0)
  }

  /** The committed records of a topic, by partition and offset. */
  read<T>(topic: string, codec: Codec<T>): readonly Seen<T>[] {
    return this.#sources.committed(topic).flatMap((records, partition) =>
      records.map(record => ({
        partition,
        offset: record.offset,
        key: record.key ? asText(record.key) : '',
        value: codec.decode(record.value ?? new Uint8Array()),
        record,
      })),
    )
  }

  deadLetters(): readonly DeadLetter[] {
    const { deadLetterTopic } = this.plan
    return this.read(deadLetterTopic, {
      name: 'dead letter',
      encode: () => NOTHING,
      decode: decodeDeadLetter,
    }).map(({ value }) => value)
  }

  /** The state topic of a stage as it was written, tombstones included. */
  history(stage: string): readonly (readonly LogRecord[])[] {
    const { stateTopic } = this.plan.stages.find(({ name }) => name === stage) ?? {}
    return stateTopic === undefined ? [] : this.#sources.committed(stateTopic)
  }

  /** The state of a stage: the last value of each entry. */
  state(stage: string): readonly StateEntry[] {
    return this.history(stage).flatMap((records, partition) => {
      const latest = new Map<string, Uint8Array | null>()
      for (const { key, value } of records) if (key) latest.set(asText(key), value)
      return [...latest].flatMap(([text, value]) => {
        const entry = parseEntry(text)
        return entry && value ? [{ entry, partition, value }] : []
      })
    })
  }

  /** The values of one declared state: by key or, for a map, by key and name. */
  values<T>(stage: string, operator: string, state: string, codec: Codec<T>): ReadonlyMap<string, T> {
    const values = new Map<string, T>()
    for (const { entry, value } of this.state(stage)) {
      if (entry.kind !== 'value' && entry.kind !== 'map') continue
      if (entry.operator !== operator || entry.state !== state) continue
      const name = entry.kind === 'map' ? `${entry.key}/${entry.name}` : entry.key
      values.set(name, codec.decode(unframe(value, state)))
    }
    return values
  }

  /** When the answer of a call was committed. `undefined` if it never was. */
  durableAt(call: Call): number | undefined {
    return this.#sources.ledger.durable.get(this.calls.indexOf(call) + 1)
  }

  /** Whether another process went by the name of this one at that time. */
  hadDuplicate(process: string, at: number): boolean {
    return this.#sources.hadDuplicate(process, at)
  }

  /** The next commit of a task after this time. `undefined` if it was a marker, or a commit of another process. */
  nextCommit(process: string, stage: string, partition: number, after: number): TaskCommitted | undefined {
    const { stateTopic } = this.plan.stages.find(({ name }) => name === stage) ?? {}
    const next = this.#sources.ledger.commits.find(
      each => each.topic === stateTopic && each.partition === partition && each.begunAt > after,
    )
    return next?.incarnation && this.#sources.processOf(next.incarnation) === process ? next : undefined
  }

  /** Whether something was wrong with the process at any time between, or had been and was not yet over. */
  wasDisturbed(process: string, from: number, until: number): boolean {
    return this.#disturbancesOf(process).some(each => each.from <= until && each.settledBy >= from)
  }

  /** Whether something was wrong with the process at this time. */
  isDisturbed(process: string, at: number): boolean {
    return this.#disturbancesOf(process).some(each => each.from <= at && each.until >= at)
  }

  #disturbancesOf(process: string): readonly Disturbance[] {
    return this.disturbances.filter(each => (each.process ?? process) === process)
  }
}

const NOTHING = new Uint8Array()

/** Identity of a record as the engine sees it. */
export function idOf(topic: string, { partition, offset, record }: Seen<unknown>): string {
  const given = record.headers[HEADER.id]
  return given ? asText(given) : `${topic}/${partition}/${offset}`
}
