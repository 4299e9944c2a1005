/**
 * Partitions that refuse every write with a code that should pass. Most such codes do pass: an election takes seconds.
 * Where one does not, each transaction that writes there fails, and with it the commits of all tasks of the pod.
 *
 * A partition counts as unwritable once it has refused for `unavailableAfter`, in several transactions in a row. Another
 * partition must have taken a write since the refusal before. So a cluster in trouble as a whole is waited for.
 * What is not answered counts for nothing. A partition that takes one write is forgotten.
 */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { meaningOf, nameOf } from './broker-codes.ts'
import { refusedWith } from './codes.ts'
import type { KafkaSettings } from './options.ts'

/** What a broker has answered to a write. */
export interface FailedWrite extends TopicPartition {
  readonly code: number
  /** What the broker says beside the code. */
  readonly reason: string | null
}

export function failedWrite(place: TopicPartition, code: number, reason: string | null = null): FailedWrite {
  const { topic, partition } = place
  return { topic, partition, code, reason }
}

interface Failing {
  readonly since: number
  lastAt: number
  times: number
  isUnwritable: boolean
}

const TIMES_MIN = 3
/** A partition that was unwritable is so at its next refusal too, unless nothing was written there for so long. */
const REMEMBERED_MS = 600_000

const REPLICAS = 'bring its replicas back in sync, or lower min.insync.replicas'
const DISK = 'look at the disks (log.dirs) of the broker that leads it'

const REMEDIES: Readonly<Record<number, string>> = { 19: REPLICAS, 20: REPLICAS, 56: DISK, 57: DISK }

export class FailingPlaces {
  readonly #settings: Pick<KafkaSettings, 'system' | 'unavailableAfterMs'>
  readonly #failing = new Map<string, Failing>()
  /** When any partition took a write. */
  #writtenAt = Number.NEGATIVE_INFINITY

  constructor(settings: Pick<KafkaSettings, 'system' | 'unavailableAfterMs'>) {
    this.#settings = settings
  }

  /** The partition has taken a write. */
  written(place: TopicPartition): void {
    this.#writtenAt = this.#settings.system.monotonic()
    this.#failing.delete(partitionKey(place))
  }

  /** The partition has refused a write. Returns the error once it counts as unwritable. */
  failed(write: FailedWrite): CaudalError | undefined {
    const key = partitionKey(write)
    const now = this.#settings.system.monotonic()
    const known = this.#failing.get(key)
    if (!known || !this.#goesOn(known, now)) {
      this.#failing.set(key, { since: now, lastAt: now, times: 1, isUnwritable: false })
      return undefined
    }
    const othersWrite = this.#writtenAt > known.lastAt
    known.lastAt = now
    known.times++
    const isLong = now - known.since >= this.#settings.unavailableAfterMs
    // Another partition is tried only once this one is out of its way, so nothing more is asked of one that was found before.
    known.isUnwritable ||= othersWrite && isLong && known.times >= TIMES_MIN
    return known.isUnwritable ? unwritable(write) : undefined
  }

  #goesOn({ isUnwritable, lastAt }: Failing, now: number): boolean {
    return now - lastAt <= (isUnwritable ? REMEMBERED_MS : 2 * this.#settings.unavailableAfterMs)
  }
}

/** What a failed write means for the producer of this id, while its partition does not count as unwritable. */
export function failureOf({ code, ...place }: FailedWrite, producer: string): CaudalError {
  const meaning = meaningOf(code, 'Produce')
  if (meaning === 'fencing') return new CaudalError('FENCED', { producer })
  if (meaning === 'unclear')
    return refusedWith(code, { request: 'Produce', resource: `topic ${place.topic}` })
  const reason = `${partitionKey(place)} was not written: ${nameOf(code)}`
  return new CaudalError('COMMIT_ABORTED', { reason })
}

function unwritable({ topic, partition, code, reason }: FailedWrite): CaudalError {
  const said = [nameOf(code), reason].filter(part => part).join('; ')
  const remedy = REMEDIES[code] ?? remedyOf(code)
  return new CaudalError('PARTITION_UNWRITABLE', { topic, partition, reason: said, remedy })
}

function remedyOf(code: number): string {
  const meaning = meaningOf(code, 'Produce')
  if (meaning === 'passing' || meaning === 'moved')
    return 'see with kafka-topics.sh --describe which broker leads it, and whether its replicas are in sync'
  return 'look into the log of the broker that leads it; another leader may take the writes (kafka-leader-election.sh)'
}
