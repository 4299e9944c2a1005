/**
 * A log under a prefix: its user says `llm.requests`, and the log behind it has `staging.llm.requests`. Topics, groups and
 * producers all get the prefix, so that two applications of one name share nothing.
 */
import { CaudalError, hasCode } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type {
  GroupOptions,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  TopicDescription,
  TopicSpec,
} from './log.ts'

/** How names of a program become names in the log. Without either field nothing is renamed. */
export interface Renaming {
  /** Before every name but those of `topics`. */
  readonly prefix?: string
  /** Topics that have a name of their own in the log, by the name that their user gives them. */
  readonly topics?: Readonly<Record<string, string>>
}

/** The log itself where nothing is renamed. Two topics must not become one: each name of `topics` is one that no other gets. */
export function renamedLog(log: Log, { prefix = '', topics = {} }: Renaming): Log {
  const isPlain = prefix === '' && Object.entries(topics).every(([name, other]) => name === other)
  return isPlain ? log : new RenamedLog(log, prefix, topics)
}

class RenamedLog implements Log {
  readonly recordBytesMax: number
  readonly #log: Log
  readonly #prefix: string
  readonly #outer: ReadonlyMap<string, string>
  readonly #inner: ReadonlyMap<string, string>

  constructor(log: Log, prefix: string, topics: Readonly<Record<string, string>>) {
    this.recordBytesMax = log.recordBytesMax
    this.#log = log
    this.#prefix = prefix
    this.#outer = new Map(Object.entries(topics))
    this.#inner = new Map(Object.entries(topics).map(([name, other]) => [other, name]))
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#log.createTopics(topics.map(spec => ({ ...spec, name: this.#out(spec.name) })))
  }

  async describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    const found = await this.#log.describeTopics(names?.map(name => this.#out(name)))
    return found.flatMap(spec => {
      const name = this.#in(spec.name)
      return name === undefined ? [] : [{ ...spec, name }]
    })
  }

  growTopic(name: string, partitions: number): Promise<void> {
    return this.#log.growTopic(this.#out(name), partitions)
  }

  bounds(places: readonly TopicPartition[]) {
    return this.#log.bounds(this.#outAll(places))
  }

  append(batches: readonly PartitionBatch[]): Promise<void> {
    return this.#log.append(this.#outAll(batches))
  }

  trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#log.trim(this.#at(place), beforeOffset)
  }

  async startProducer(id: string, writes?: readonly TopicPartition[]): Promise<Producer> {
    const producer = await this.#log.startProducer(this.#prefix + id, writes && this.#outAll(writes))
    return {
      transact: batches => producer.transact(this.#outAll(batches)),
      close: () => producer.close(),
    }
  }

  fence(id: string, writes?: readonly TopicPartition[]): Promise<void> {
    return this.#log.fence(this.#prefix + id, writes && this.#outAll(writes))
  }

  async explainHalt(place: TopicPartition): Promise<string | undefined> {
    return this.#log.explainHalt?.(this.#at(place))
  }

  async leftovers(places: readonly TopicPartition[]): Promise<readonly string[]> {
    const found = (await this.#log.leftovers?.(this.#outAll(places))) ?? []
    return found.filter(id => id.startsWith(this.#prefix)).map(id => id.slice(this.#prefix.length))
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    const reader = this.#log.openReader(this.#at(place), offset, topicId)
    return {
      next: async recordsMax => {
        try {
          return await reader.next(recordsMax)
        } catch (error) {
          throw hasCode(error, 'OFFSET_OUT_OF_RANGE') ? under(error, place.topic) : error
        }
      },
      close: () => reader.close(),
    }
  }

  joinGroup(options: GroupOptions): Membership {
    const topics = options.topics && { topics: options.topics.map(topic => this.#out(topic)) }
    const membership = this.#log.joinGroup({ ...options, ...topics, group: this.#prefix + options.group })
    return {
      get confirmedAt() {
        return membership.confirmedAt
      },
      claim: (generation, claims) => membership.claim(generation, this.#outAll(claims)),
      readClaims: places => membership.readClaims(this.#outAll(places)),
      liveMembers: () => membership.liveMembers(),
      commitPositions: positions => membership.commitPositions(this.#outAll(positions)),
      rejoin: () => membership.rejoin(),
      leave: () => membership.leave(),
    }
  }

  groupPositions(group: string, places: readonly TopicPartition[]) {
    return this.#log.groupPositions(this.#prefix + group, this.#outAll(places))
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  #out(name: string): string {
    return this.#outer.get(name) ?? this.#prefix + name
  }

  /** Nothing for a topic that is not ours. */
  #in(name: string): string | undefined {
    const own = this.#inner.get(name)
    if (own !== undefined) return own
    const plain = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined
    return plain === undefined || this.#outer.has(plain) ? undefined : plain
  }

  #at<Place extends TopicPartition>(place: Place): Place {
    return { ...place, topic: this.#out(place.topic) }
  }

  #outAll<Place extends TopicPartition>(places: readonly Place[]): Place[] {
    return places.map(place => this.#at(place))
  }
}

/** The same error, of the topic as its reader knows it. */
function under(error: unknown, topic: string): unknown {
  return error instanceof CaudalError
    ? new CaudalError(error.code, { ...error.details, topic }, error)
    : error
}
