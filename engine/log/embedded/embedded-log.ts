/** The embedded log: topics, transactions and groups in one process, durable on its disk, with no broker. */
import { readdirSync } from 'node:fs'
import { type Duration, type Durations, inMs } from '#core/duration.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import { folderFailure, makeFolder } from '#engine/disk/folder.ts'
import type {
  Bounds,
  GroupOptions,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  Receipt,
  TopicDescription,
  TopicSpec,
} from '#engine/log/log.ts'
import { RECORD_BYTES_MAX } from '#engine/log/log.ts'
import { prepareAppend } from './append.ts'
import type { StoredGroup } from './group.ts'
import { EMPTY_GROUP, Group } from './group.ts'
import { GROUP_KEYS, IDENTITY_KEY, LOG_KEY, nameOf } from './keys.ts'
import { FolderLock, LOCK_FILE } from './lock.ts'
import { EmbeddedProducer, Epochs } from './producer.ts'
import { EmbeddedReader } from './reader.ts'
import type { Fsync } from './store.ts'
import { Store } from './store.ts'
import { Topics } from './topics.ts'
import { Upkeep } from './upkeep.ts'
import type { Change } from './writer.ts'
import { Writer } from './writer.ts'

/** Where an embedded log is and what it may take. */
export interface EmbeddedLogOptions {
  /** A folder of its own; made when it is missing. */
  readonly path: string
  /** Left out: the machine's own time and randomness. */
  readonly system?: System
  /** Left out: 'interval', which is safe against the end of the process, not against a loss of power. */
  readonly fsync?: Fsync
  /** Key, value and headers of one record together; 1 MiB when left out. */
  readonly recordBytesMax?: number
  /** What the log may take on the disk before it is full; the disk itself when left out. */
  readonly sizeBytesMax?: number
  /** From the end of one round of upkeep to the beginning of the next; a minute when left out. */
  readonly sweepInterval?: Duration
  /** How long a tombstone is kept after it was appended, so that slow readers learn of the deletion; a week when left out. */
  readonly tombstoneRetention?: Duration
}

const FORMAT = 1
const TIMES = {
  sweepInterval: 60_000,
  /** A local copy of a state topic that was out of touch for half as long is discarded, so deleted keys stay deleted. */
  tombstoneRetention: 7 * 24 * 3_600_000,
} as const
/** Each opening of the log leaves room for as many joins, so that generations grow without a write at each. */
const GENERATIONS_PER_OPENING = 1_000_000

/** What is stored about the log as a whole, as JSON. */
interface StoredLog {
  readonly format: number
  /** How often it was opened. */
  readonly openings: number
}

interface Opening {
  /** How often the log was opened. */
  readonly openings: number
  readonly identity: string
  readonly times: Durations<`${keyof typeof TIMES}Ms`>
}

/**
 * Opens the log in the folder, or makes an empty one. Rejects with LOG_IN_USE while another process, or another opener
 * in this one, has it open. Rejects with FOLDER_REFUSED when the system does not let this process use the folder, or
 * files of others are in it. Rejects with LOG_CORRUPT when the log cannot be read, and with LOG_FULL when the disk has no room.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const times = inMs(options, TIMES)
  let lock: FolderLock | undefined
  let store: Store | undefined
  try {
    makeFolder(options.path)
    refuseForeign(options.path)
    lock = new FolderLock(options.path)
    store = new Store(
      options.path,
      options.fsync ?? 'interval',
      options.sizeBytesMax ?? Number.MAX_SAFE_INTEGER,
    )
    const openings = await countOpening(store)
    const identity = await identityOf(store, options.system ?? realSystem)
    return new EmbeddedLog(options, lock, store, { openings, identity, times })
  } catch (error) {
    await store?.close()
    lock?.release()
    const failure = folderFailure(options.path, error)
    if (failure instanceof CaudalError) throw failure
    throw new CaudalError('LOG_CORRUPT', { path: options.path, reason: reasonOf(error) }, error)
  }
}

/** A log is not put among the files of others: they would be removed with it. */
function refuseForeign(path: string): void {
  const names = readdirSync(path).filter(name => name !== 'lost+found')
  if (names.length === 0 || names.includes(LOCK_FILE)) return
  const reason = `it is no log and not empty (it has ${names[0]}): name a folder of its own`
  throw new CaudalError('FOLDER_REFUSED', { path, reason })
}

/**
 * One LMDB environment holds everything. The records of one partition in one transaction are one stored batch. So a
 * transaction costs one put for each partition that it touches. It is atomic because the store's transaction is. `Writer`
 * puts all changes in order; each `Partition` knows how far readers may read; `Upkeep` deletes and compacts in between.
 * Offsets have gaps only where a commit failed or compaction took records out.
 */
export class EmbeddedLog implements Log {
  readonly recordBytesMax: number
  readonly #system: System
  readonly #lock: FolderLock
  readonly #store: Store
  readonly #writer: Writer
  readonly #topics: Topics
  readonly #epochs: Epochs
  readonly #upkeep: Upkeep
  readonly #readers = new Set<EmbeddedReader>()
  readonly #groups = new Map<string, Group>()
  #generation: number
  #closing: Promise<void> | undefined

  /** Made by `openEmbeddedLog`. */
  constructor(options: EmbeddedLogOptions, lock: FolderLock, store: Store, opening: Opening) {
    const { system = realSystem } = options
    this.recordBytesMax = options.recordBytesMax ?? RECORD_BYTES_MAX
    this.#system = system
    this.#lock = lock
    this.#store = store
    this.#writer = new Writer(store, system, options.fsync !== 'always')
    this.#topics = new Topics(store, opening.identity)
    this.#epochs = new Epochs(this.#writer)
    this.#generation = opening.openings * GENERATIONS_PER_OPENING
    for (const { key, value } of store.range(GROUP_KEYS)) {
      // Written by `Group`; the format's version has been checked.
      this.#addGroup(nameOf(key), JSON.parse(value.toString()) as StoredGroup)
    }
    this.#upkeep = new Upkeep(
      () => this.#topics.partitions(),
      this.#writer,
      system,
      opening.times,
      failure => store.refuse(failure),
    )
    this.#upkeep.start()
  }

  async createTopics(topics: readonly TopicSpec[]): Promise<void> {
    await this.#writer.submit(() => this.#topics.create(topics), { alone: true })
  }

  async describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    this.#checkOpen()
    return this.#topics.describe(names)
  }

  async growTopic(name: string, partitions: number): Promise<void> {
    await this.#writer.submit(() => this.#topics.grow(name, partitions), { alone: true })
  }

  async bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    this.#checkOpen()
    return places.map(place => {
      const { start, end } = this.#topics.find(place)
      return { start, end }
    })
  }

  async append(batches: readonly PartitionBatch[]): Promise<void> {
    this.#checkOpen()
    await this.#writer.submit(this.#prepare(batches, 'append'))
  }

  async trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    this.#checkOpen()
    const partition = this.#topics.find(place)
    const { topic, start, end } = partition
    if (beforeOffset > end) {
      const details = { topic, partition: place.partition, start, end, offset: beforeOffset }
      throw new CaudalError('OFFSET_OUT_OF_RANGE', details)
    }
    if (beforeOffset > start) await this.#upkeep.trim(partition, beforeOffset)
  }

  async startProducer(transactionalId: string): Promise<Producer> {
    const epoch = await this.#epochs.raise(transactionalId)
    return new EmbeddedProducer(transactionalId, epoch, this.#epochs, this.#writer, batches =>
      this.#prepare(batches, transactionalId),
    )
  }

  async fence(transactionalId: string): Promise<void> {
    await this.#epochs.raise(transactionalId)
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    const find = () => this.#topics.find(place, topicId)
    const reader = new EmbeddedReader(find, offset, this.#system, closed => this.#readers.delete(closed))
    if (this.#closing) reader.close()
    else this.#readers.add(reader)
    return reader
  }

  joinGroup(options: GroupOptions): Membership {
    this.#checkOpen()
    const group = this.#groups.get(options.group) ?? this.#addGroup(options.group, EMPTY_GROUP)
    return group.join(options)
  }

  async groupPositions(
    group: string,
    places: readonly TopicPartition[],
  ): Promise<readonly (number | undefined)[]> {
    this.#checkOpen()
    return places.map(place => this.#groups.get(group)?.position(place))
  }

  /** Does at once what is done in the background now and then: retention, and compaction of every compacted topic. */
  async compact(): Promise<void> {
    this.#checkOpen()
    await this.#upkeep.sweep()
    for (const partition of [...this.#topics.partitions()])
      if (partition.spec.compacted) await this.#upkeep.compact(partition)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.close()
    for (const group of this.#groups.values()) group.dissolve()
    await this.#writer.close()
    await this.#upkeep.stop()
    await this.#store.close()
    this.#lock.release()
  }

  #prepare(batches: readonly PartitionBatch[], writer: string): () => Change<Receipt> {
    this.#checkOpen()
    return prepareAppend(batches, {
      find: batch => this.#topics.find(batch),
      admit: bytes => this.#store.admit(bytes),
      recordBytesMax: this.recordBytesMax,
      now: this.#system.now(),
      writer,
    })
  }

  #addGroup(name: string, stored: StoredGroup): Group {
    const group = new Group(name, stored, this.#system, this.#writer, () => ++this.#generation)
    this.#groups.set(name, group)
    return group
  }

  #checkOpen(): void {
    if (this.#closing) throw new CaudalError('LOG_CLOSED')
  }
}

async function countOpening(store: Store): Promise<number> {
  const value = store.get(LOG_KEY)
  // Written below, by this or another version: the format is looked at before anything else.
  const stored = value ? (JSON.parse(value.toString()) as StoredLog) : { format: FORMAT, openings: 0 }
  if (stored.format !== FORMAT) {
    const reason = `it has format ${stored.format}, this version reads ${FORMAT}`
    throw new CaudalError('LOG_CORRUPT', { path: store.path, reason })
  }
  const opened: StoredLog = { format: FORMAT, openings: stored.openings + 1 }
  await store.commit([[LOG_KEY, Buffer.from(JSON.stringify(opened))]])
  return opened.openings
}

/** A log is given one when it is opened for the first time; versions that know of none leave it alone. */
async function identityOf(store: Store, { random }: System): Promise<string> {
  const stored = store.get(IDENTITY_KEY)
  if (stored) return stored.toString()
  const identity = Array.from({ length: 2 }, () => Math.floor(random() * 2 ** 52).toString(36)).join('')
  await store.commit([[IDENTITY_KEY, Buffer.from(identity)]])
  return identity
}
