/**
 * Commits everything that is staged, of all tasks of the pod, in one transaction. The next batch gathers meanwhile. There is
 * no interval to tune: light load gives latency, heavy load gives large batches.
 *
 * A pending commit is one whose outcome is unknown. It stays `pending` until ownership has read whether it took place. If it
 * did not, its effects go back in front of those staged since. Nothing is committed meanwhile.
 *
 * Effects count as staged until their commit is settled. So the batch that gathers and the commit under way share one limit.
 */
import { invariant, type Refusal, WritesRefused } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import type { System } from '#core/system.ts'
import type { PartitionBatch, Producer, Receipt } from '#engine/log/log.ts'
import type { AnswerPace } from './answer-pace.ts'
import { type CommitPart, type Committable, gather, tellRefused } from './commit-part.ts'
import type { CommitFigures, Meter } from './meter.ts'

export interface Commit {
  /** Counts the commits of this incarnation. */
  readonly number: number
  readonly parts: readonly CommitPart[]
  /** By the monotonic clock. */
  readonly startedAt: number
  /** Keys and values that it writes. */
  readonly bytes: number
  /** How many outputs it writes, one entry per partition with its topic. */
  readonly written: readonly Written[]
}

interface Written {
  readonly topic: string
  readonly records: number
}

/** How much is staged. An entry that is written twice before the commit counts twice. */
interface Count {
  records: number
  bytes: number
}

export interface CommitterOptions {
  readonly system: System
  readonly incarnation: string
  readonly meter: Pick<Meter, 'committed' | 'commitFailed' | 'written'>
  readonly pace: AnswerPace
  readonly interceptor?: Interceptor | undefined
  readonly enqueue: (callback: () => void) => void
  /** The nonces that a leaving task gives up. */
  readonly claimsOf: (task: Committable) => readonly string[]
  /** The producer can no longer be used. */
  readonly onProducerLost: (error: unknown) => void
}

export class Committer {
  /** The commit of unknown outcome. */
  pending: Commit | undefined
  /** Time of the last transaction that took place, by the monotonic clock. */
  lastGoodAt = Number.NEGATIVE_INFINITY
  /** Bytes of all commits that took place. */
  committedBytes = 0
  #producer: Producer | undefined
  /** The transaction under way. It has no commit if it writes records of the engine's own. */
  #underWay: { readonly commit: Commit | undefined } | undefined
  #number = 0
  #dirty = new Set<Committable>()
  #oldestStagedAt = 0
  /** For the next commit. */
  #gathered: Count = { records: 0, bytes: 0 }
  /** Of the commit that is under way or whose outcome is unknown. */
  #committing: Readonly<Count> = NOTHING
  readonly #options: CommitterOptions

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** A task has something to commit. */
  staged(task: Committable, bytes: number): void {
    if (this.#dirty.size === 0) this.#oldestStagedAt = this.#options.system.monotonic()
    this.#dirty.add(task)
    this.#gathered.records++
    this.#gathered.bytes += bytes
  }

  /** Commits a task of which nothing is staged: the task is given up. */
  touch(task: Committable): void {
    this.#dirty.add(task)
  }

  get stagedRecords(): number {
    return this.#gathered.records + this.#committing.records
  }
  get stagedBytes(): number {
    return this.#gathered.bytes + this.#committing.bytes
  }
  /** How long the oldest staged effect has waited. */
  get stagedAgeMs(): number {
    return this.#dirty.size === 0 ? 0 : this.#options.system.monotonic() - this.#oldestStagedAt
  }
  /** How long the oldest uncommitted effect has waited, effects of a commit under way included. */
  get uncommittedAgeMs(): number {
    const commit = this.pending ?? this.#underWay?.commit
    return commit ? this.#options.system.monotonic() - commit.startedAt : this.stagedAgeMs
  }
  get isIdle(): boolean {
    return this.#underWay === undefined && this.#dirty.size === 0 && !this.pending
  }
  /** The producer is between transactions. */
  get isFree(): boolean {
    return this.#producer !== undefined && this.#underWay === undefined
  }

  useProducer(producer: Producer): void {
    this.#producer = producer
  }

  /**
   * Throws the producer away. From now on a commit under way has an unknown outcome, whatever its answer is. The start of the
   * next producer decides the outcome, and ownership reads it.
   */
  dropProducer(): void {
    const producer = this.#producer
    this.#producer = undefined
    this.pending ??= this.#underWay?.commit
    this.#underWay = undefined
    producer?.close().catch(() => undefined) // A producer that does not close changes nothing: nobody uses it any more.
  }

  /** Commits what is staged, if anything is and the producer is free. */
  commit(): void {
    if (!this.isFree || this.pending || this.#dirty.size === 0) return
    const { system, incarnation, claimsOf, pace } = this.#options
    const number = ++this.#number
    const tasks = [...this.#dirty].filter(task => task.isOpen && !task.isMute)
    const parts = tasks.map(task => task.prepare(incarnation, number, claimsOf(task)))
    this.#dirty = new Set()
    const gathered = this.#gathered
    this.#gathered = { records: 0, bytes: 0 }
    if (parts.length === 0) return pace.forget()
    pace.began()
    this.#committing = gathered
    const startedAt = system.monotonic()
    const { batches, bytes } = gather(parts, system.now())
    const written = batches
      .slice(parts.length)
      .map(({ topic, records }) => ({ topic, records: records.length }))
    const commit = { number, parts, startedAt, bytes, written }
    const refused = (error: WritesRefused) => {
      this.pending = commit
      this.resolve(false, () => 0)
      // Refused records are taken out, and the rest is tried again.
      tellRefused(commit.parts, batches, error.refusals)
      this.#options.meter.commitFailed(error)
    }
    this.#transact(batches, commit, receipt => this.#committed(commit, receipt), refused)
  }

  /** Writes records of the engine's own, such as markers, in a transaction of their own. */
  write(
    batches: readonly PartitionBatch[],
    onWritten: () => void,
    onRefused: (refusals: readonly Refusal[]) => void,
  ): void {
    invariant(this.isFree, 'markers were written while a transaction was under way')
    this.#transact(batches, undefined, onWritten, ({ refusals }) => onRefused(refusals))
  }

  /** Forgets everything: the pod leaves without a commit. */
  abandon(): void {
    this.dropProducer()
    this.pending = undefined
    this.#dirty.clear()
    this.#gathered = { records: 0, bytes: 0 }
    this.#committing = NOTHING
    this.#options.pace.forget()
  }

  /** The outcome of the pending commit was found: `positions` by task if it took place. */
  resolve(tookPlace: boolean, positionOf: (task: Committable) => number): void {
    const commit = this.pending
    this.pending = undefined
    if (!commit) return
    if (tookPlace)
      return this.#settle(
        commit,
        commit.parts.map(({ task }) => positionOf(task)),
      )
    const { records, bytes } = this.#committing
    this.#committing = NOTHING
    const open = commit.parts.filter(({ task }) => task.isOpen)
    if (open.length === 0) return this.#options.pace.gone()
    this.#options.pace.putBack()
    if (this.#dirty.size === 0) this.#oldestStagedAt = this.#options.system.monotonic()
    for (const part of open) {
      part.putBack()
      this.#dirty.add(part.task)
    }
    this.#gathered.records += records
    this.#gathered.bytes += bytes
  }

  #transact(
    batches: readonly PartitionBatch[],
    commit: Commit | undefined,
    onDone: (receipt: Receipt) => void,
    onRefused: (error: WritesRefused) => void,
  ): void {
    const producer = this.#producer
    invariant(producer, 'a transaction without a producer')
    const mine = { commit }
    this.#underWay = mine
    const { enqueue, system, onProducerLost } = this.#options
    // The process may have slept before it read the answer. So the answer confirms the time of the question.
    const begunAt = system.monotonic()
    // An answer no longer counts after the producer was thrown away.
    const answered = (callback: () => void) => enqueue(() => this.#underWay === mine && callback())
    this.#intercepted(commit, () => producer.transact(batches)).then(
      receipt =>
        answered(() => {
          this.#underWay = undefined
          this.lastGoodAt = begunAt
          onDone(receipt)
        }),
      error =>
        answered(() => {
          if (!(error instanceof WritesRefused)) return onProducerLost(error)
          this.#underWay = undefined
          onRefused(error)
        }),
    )
  }

  /** The receipt of a transaction, whatever an interceptor returns. A throw of the interceptor fails the commit. */
  #intercepted(commit: Commit | undefined, transact: () => Promise<Receipt>): Promise<Receipt> {
    const { interceptor, incarnation } = this.#options
    if (!interceptor?.commit || !commit) return transact()
    const info = { pod: incarnation, number: commit.number, tasks: commit.parts.length }
    return around(next => interceptor.commit?.(info, next), transact)
  }

  /** The receipt has the order of the batches. The first batches are the tasks' state, in the order of the parts. */
  #committed(commit: Commit, receipt: Receipt): void {
    this.#settle(
      commit,
      commit.parts.map((_, index) => receipt[index] ?? 0),
    )
  }

  #settle(commit: Commit, positions: readonly number[]): void {
    this.#committing = NOTHING
    this.committedBytes += commit.bytes
    for (const { topic, records } of commit.written) this.#options.meter.written(topic, records)
    commit.parts.forEach((part, index) => {
      if (part.task.isOpen) part.committed(positions[index] ?? 0)
    })
    const figures = this.#figuresOf(commit)
    this.#options.pace.committed(figures.durationMs)
    this.#options.meter.committed(figures)
  }

  #figuresOf({ number, parts, startedAt }: Commit): CommitFigures {
    const records = parts.reduce((sum, { outputs, writes }) => sum + outputs.length + writes.size, 0)
    const durationMs = this.#options.system.monotonic() - startedAt
    return { number, tasks: parts.length, records, durationMs }
  }
}

const NOTHING: Readonly<Count> = Object.freeze({ records: 0, bytes: 0 })

async function around(
  interceptor: (next: () => Promise<void>) => Promise<void> | undefined,
  transact: () => Promise<Receipt>,
): Promise<Receipt> {
  const answers: Promise<Receipt>[] = []
  await interceptor(async () => {
    const answer = transact()
    answers.push(answer)
    await answer
  })
  const [answer] = answers
  invariant(answer && answers.length === 1, 'the interceptor of commits must call next once')
  return answer
}
