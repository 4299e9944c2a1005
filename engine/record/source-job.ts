/** The job of one record of a source. Its value is decoded for each operator that reads the source. */
import { decodeApart } from '#core/codec.ts'
import { CaudalError, reasonOf, Unavailable } from '#core/errors.ts'
import { withoutHeader } from '#core/headers.ts'
import { HEADER, type Headers, type LogRecord, type TopicPartition } from '#core/record.ts'
import { Delivery } from './delivery.ts'
import { markOf, provenId } from './given-up.ts'
import { placeId, recordId } from './identity.ts'
import { attemptBefore, type Job, type JobRun, type StateWrite } from './job.ts'
import { isBinary, laneOf } from './record-key.ts'
import type { SourceIntake } from './source-intake.ts'
import type { ProgramNode } from './stage-program.ts'

export class SourceJob implements Job {
  readonly key: string | null
  readonly record: LogRecord
  readonly intake: SourceIntake
  steps: Set<string> | undefined
  attempt = 0
  finished = false
  /** Outsiders wrote the record, so its headers are not trusted with its identity. */
  readonly isOutsiders: boolean
  #id: string | undefined

  /** `id`: the identity of a record whose headers are not trusted with it. */
  constructor(intake: SourceIntake, record: LogRecord, id?: string) {
    this.#id = id
    this.isOutsiders = id !== undefined
    this.intake = intake
    this.record = record
    this.key = record.key && laneOf(record.key)
  }

  get keyBytes(): Uint8Array | null {
    return this.record.key
  }

  get id(): string {
    this.#id ??= recordId(this.intake.topic, this.intake.partition, this.record.offset, this.record.headers)
    return this.#id
  }

  get headers(): Headers {
    return this.record.headers
  }

  get place(): string {
    return `${this.intake.topic}/${this.intake.partition}@${this.record.offset}`
  }

  again(): SourceJob {
    const id = this.isOutsiders ? this.id : undefined
    return Object.assign(new SourceJob(this.intake, this.record, id), attemptBefore(this))
  }

  isDue(): boolean {
    return true
  }

  complete(): void {
    this.intake.complete(this.record)
  }

  reopen(): void {
    this.intake.reopen(this.record)
  }

  givenUp(now: number): readonly StateWrite[] {
    return this.isOutsiders ? [markOf(this.id, this.record, now)] : []
  }

  origin(): LogRecord & TopicPartition {
    const { topic, partition } = this.intake
    return { ...this.record, topic, partition }
  }

  begin(run: JobRun): void {
    const { key } = this
    const { timestamp } = this.record
    const headers = inheritable(this.record.headers)
    const keyFault = isBinary(key) ? (node: string) => this.#keyInvalid(node) : undefined
    for (const { node, input } of this.intake.entries) {
      run.node = node
      const value = this.#decode(node, input)
      run.deliver(new Delivery(node, input, { key, keyFault, value, timestamp, headers, origin: this }))
    }
  }

  keyMissing(node: string): CaudalError {
    return new CaudalError('KEY_MISSING', { node, ...this.at })
  }

  #decode(node: ProgramNode, input: string): unknown {
    const codec = node.operator.inputs[input]
    try {
      if (!this.record.value) throw new TypeError('it has no value')
      return codec && decodeApart(codec, this.record.value)
    } catch (error) {
      if (error instanceof Unavailable) throw error
      const details = { node: node.name, ...this.at, codec: codec?.name, reason: reasonOf(error) }
      throw new CaudalError('DECODE_FAILED', details, error)
    }
  }

  #keyInvalid(node: string): CaudalError {
    const reason = `the key of ${this.place} is not valid UTF-8, and the operator needs it as text; make it text where it is written, or rekey`
    return new CaudalError('KEY_INVALID', { node, reason })
  }

  get at() {
    return { topic: this.intake.topic, partition: this.intake.partition, offset: this.record.offset }
  }
}

/** The job of a record that outsiders have written. It keeps its identity if it is the replay of a record that was given up. */
export function outsidersJob(
  intake: SourceIntake,
  record: LogRecord,
  state: { get(entry: string): Uint8Array | undefined },
): SourceJob {
  const proven = provenId(state, record)
  const id = proven?.id ?? placeId(intake.topic, intake.partition, record.offset)
  const job = new SourceJob(intake, record, id)
  if (proven) job.steps = new Set([proven.entry])
  return job
}

/** The headers that outputs inherit: all headers of the input, without those of the engine about delays and replays. */
function inheritable(headers: Headers): Headers {
  const kept = headers[HEADER.delay] ? withoutHeader(headers, HEADER.delay) : headers
  return kept[HEADER.replayOf] ? withoutHeader(kept, HEADER.replayOf) : kept
}
