/** The writes that the cluster refuses: by size, by a closed topic, by a full disk, or because they reach one broker alone. */
import { CaudalError, type Refusal, WritesRefused } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { PartitionBatch } from '../log.ts'

/** Whether a topic takes a record: true, or why not. */
export type TakesRecord = (record: NewRecord) => true | string

export class Intake {
  readonly #recordBytesMax: number
  readonly #limits = new Map<string, number>()
  readonly #closed = new Map<string, CaudalError>()
  readonly #choices = new Map<string, TakesRecord>()
  isDiskFull = false
  readonly #split = new Set<string>()

  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax
  }

  /** The largest record of one topic from now on. A description of the topic has it, but a running pod does not ask for one. */
  limit(topic: string, recordBytesMax: number | undefined): void {
    if (recordBytesMax === undefined) this.#limits.delete(topic)
    else this.#limits.set(topic, recordBytesMax)
  }

  /** The next write of this client reaches the leaders of every other partition alone. */
  splitNext(client: string, on: boolean): void {
    if (on) this.#split.add(client)
    else this.#split.delete(client)
  }

  /** What of a write arrives. */
  reached(client: string, batches: readonly PartitionBatch[]): readonly PartitionBatch[] {
    return this.#split.delete(client) ? batches.filter((_, index) => index % 2 === 0) : batches
  }

  limitOf(topic: string): number | undefined {
    return this.#limits.get(topic)
  }

  /** From now on the topic refuses all writes, as where a right is missing. */
  close(topic: string, why: CaudalError | undefined): void {
    if (why) this.#closed.set(topic, why)
    else this.#closed.delete(topic)
  }

  /** From now on the topic takes some records and refuses others for what they are. */
  choose(topic: string, takes: TakesRecord | undefined): void {
    if (takes) this.#choices.set(topic, takes)
    else this.#choices.delete(topic)
  }

  /** Throws LOG_FULL, or `WritesRefused` with all that is refused. */
  check(batches: readonly PartitionBatch[]): void {
    if (this.isDiskFull) throw new CaudalError('LOG_FULL', { path: 'the simulated cluster' })
    const [first, ...others] = batches.flatMap((batch, index) => this.#refusalsOf(batch, index))
    if (first) throw new WritesRefused([first, ...others])
  }

  #refusalsOf({ topic, partition, records }: PartitionBatch, batch: number): Refusal[] {
    const closed = records.length > 0 && this.#closed.get(topic)
    if (closed) return [{ batch, record: undefined, error: closed }]
    const limit = Math.min(this.#recordBytesMax, this.#limits.get(topic) ?? Number.POSITIVE_INFINITY)
    const takes = this.#choices.get(topic)
    const refusals: Refusal[] = []
    let index = -1
    for (const record of records) {
      index++
      const size = sizeOf(record)
      const taken = takes?.(record) ?? true
      if (size > limit) refusals.push({ batch, record: index, error: tooLarge(topic, limit, size) })
      else if (taken !== true) {
        const error = new CaudalError('OUTPUT_REFUSED', { topic, partition, reason: taken })
        refusals.push({ batch, record: index, error })
      }
    }
    return refusals
  }
}

function tooLarge(topic: string, limit: number, size: number): CaudalError {
  return new CaudalError('RECORD_TOO_LARGE', { node: 'log', target: topic, limit, size })
}

/** Names count by their characters, as nearly all are ASCII: counting their bytes costs more than all the rest. */
function sizeOf({ key, value, headers }: NewRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}
