/** The topics of an application as the gateway shows them: listed, and looked into page by page. Nothing is ever written. */
import { asBytes } from '#core/codec.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import type { Plan } from '#topology/plan.ts'
import { fits, type RecordFilter } from './record-filter.ts'
import {
  type Direction,
  offsetAt,
  type Scanned,
  type ScannedPart,
  type ScanOptions,
  scan,
} from './record-scan.ts'
import { type RecordView, RecordViews } from './record-views.ts'
import { kindOf, type ListedTopic, listedTopics, ownTopic, placesIn } from './topic-list.ts'

/** So many look into topics at once: each reads as fast as the log gives. */
export const SCANS_MAX = 5

export interface TopicDeskOptions {
  readonly log: Log
  readonly plan: Plan
  readonly registry: SchemaRegistry
  readonly system: System
}

/** Where a look begins. */
export type From =
  | { readonly kind: 'newest' }
  | { readonly kind: 'oldest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }
  | {
      readonly kind: 'positions'
      readonly direction: Direction
      readonly positions: ReadonlyMap<number, number>
    }

export interface Look {
  readonly topic: string
  /** All of them when left out. */
  readonly partition?: number | undefined
  readonly from: From
  readonly key?: string | undefined
  readonly filter?: RecordFilter | undefined
  readonly pageMax: number
  /** Long values are not cut. */
  readonly isWhole: boolean
}

export type Listener = Pick<ScanOptions, 'onRecord' | 'onProgress' | 'onGap'>

export interface Looked extends Scanned {
  readonly direction: Direction
}

export class TopicDesk {
  readonly #options: TopicDeskOptions
  readonly #views: RecordViews
  #scans = 0

  constructor(options: TopicDeskOptions) {
    this.#options = options
    this.#views = new RecordViews(options)
  }

  list(): Promise<readonly ListedTopic[]> {
    const { log, plan } = this.#options
    return listedTopics(log, plan)
  }

  /** How many partitions it has; nothing for a topic that the application does not have. */
  async partitionsOf(topic: string): Promise<number | undefined> {
    const { log, plan } = this.#options
    return (await ownTopic(log, plan, topic))?.partitions
  }

  get isBusy(): boolean {
    return this.#scans >= SCANS_MAX
  }

  /** Rejects as the log does, and with the reason of the signal. */
  async look(look: Look, partitions: number, listener: Listener, signal: AbortSignal): Promise<Looked> {
    this.#scans += 1
    try {
      const { log, system } = this.#options
      const { key, filter, pageMax, from } = look
      const direction = directionOf(from)
      const parts = await this.#partsOf(look, partitions, signal)
      const scanned = await scan({
        ...{ log, system, direction, parts, pageMax, signal, ...listener },
        isNarrow: key !== undefined || filter !== undefined,
        match: this.#matcherOf(look),
      })
      return { ...scanned, direction }
    } finally {
      this.#scans -= 1
    }
  }

  async #partsOf(
    { topic, partition, from }: Look,
    partitions: number,
    signal: AbortSignal,
  ): Promise<readonly ScannedPart[]> {
    const { log } = this.#options
    const places = placesIn(topic, partitions).filter(
      each => partition === undefined || each.partition === partition,
    )
    const bounds = await log.bounds(places)
    const parts = places.map((place, index) => ({ ...place, bounds: bounds[index] ?? { start: 0, end: 0 } }))
    return Promise.all(
      parts.map(async part => ({ ...part, position: await positionIn(log, part, from, signal) })),
    )
  }

  #matcherOf({ topic, key, filter, isWhole }: Look): ScanOptions['match'] {
    const isState = kindOf(this.#options.plan, topic) === 'state'
    const wanted = key === undefined ? undefined : Buffer.from(asBytes(key))
    const matched = async (record: LogRecord, partition: number): Promise<RecordView | undefined> => {
      const { view, decoded } = await this.#views.of(record, partition, { isState, whole: isWhole })
      return filter === undefined || fits(filter, view, decoded) ? view : undefined
    }
    return (record, partition) =>
      wanted && !(record.key && wanted.equals(record.key)) ? undefined : matched(record, partition)
  }
}

const directionOf = (from: From): Direction =>
  from.kind === 'positions' ? from.direction : from.kind === 'newest' ? 'backwards' : 'forwards'

async function positionIn(
  log: Log,
  part: Omit<ScannedPart, 'position'>,
  from: From,
  signal: AbortSignal,
): Promise<number> {
  const { start, end } = part.bounds
  switch (from.kind) {
    case 'newest':
      return end
    case 'oldest':
      return start
    case 'offset':
      return from.offset
    case 'time':
      return offsetAt(log, part, from.time, signal)
    case 'positions': {
      const position = from.positions.get(part.partition)
      if (position === undefined) return from.direction === 'forwards' ? end : start
      return from.direction === 'forwards' ? position : Math.min(position, end)
    }
  }
}
