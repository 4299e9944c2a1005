/**
 * Commits everything that is staged, of all tasks of the pod, in one transaction; while that is under way the next
 * batch gathers. There is no interval to tune: light load gives latency, heavy load gives large batches.
 *
 * A commit whose outcome is unknown is kept as `pending` until ownership has read what became of it; then its effects
 * either stand or go back in front of what was staged since. Nothing is committed meanwhile.
 *
 * Effects count as staged until their commit is settled: what gathers meanwhile and what is under way share one limit.
 */
import { invariant, type Refusal, WritesRefused } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import type { System } from '#core/system.ts'
import type { PartitionBatch, Producer, Receipt } from '#engine/log/log.ts'
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
  /** Outputs that it writes, a topic for each partition. */
  readonly written: readonly Written[]
}

interface Written {
  readonly topic: string
  readonly records: number
}

/** How much is staged. What is written twice before it is committed counts twice. */
interface Count {
  records: number
  bytes: number
}

export interface CommitterOptions {
  readonly system: System
  readonly incarnation: string
  readonly meter: Pick<Meter, 'committed' | 'commitFailed' | 'written'>
  readonly interceptor?: Interceptor | undefined
  readonly enqueue: (callback: () => void) => void
  /** The nonces that a leaving task gives up. */
  readonly claimsOf: (task: Committable) => readonly string[]
  /** The producer is of no more use. */
  readonly onProducerLost: (error: unknown) => void
}

export class Committer {
  /** The commit of unknown outcome. */
  pending: Commit | undefined
  /** When a transaction took place last, by the monotonic clock. */
  lastGoodAt = Number.NEGATIVE_INFINITY
  /** Of all commits that took place. */
  committedBytes = 0
  #producer: Producer | undefined
  /** The transaction under way, and the commit that it is, if it is one. */
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

  /** A task has to be committed though nothing of it is staged: it gives itself up. */
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
  /** How long the oldest effect that is not committed has waited, one of a commit under way included. */
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
   * Throws the producer away; a commit under way has an unknown outcome from now on, whatever it answers later: the next
   * producer's start decides it, and ownership reads what became of it.
   */
  dropProducer(): void {
    const producer = this.#producer
    this.#producer = undefined
    this.pending ??= this.#underWay?.commit
    this.#underWay = undefined
    producer?.close().catch(() => undefined) // It is of no more use, closed or not.
  }

  /** Commits what is staged, if anything is and the producer is free. */
  commit(): void {
    if (!this.isFree || this.pending || this.#dirty.size === 0) return
    const { system, incarnation, claimsOf } = this.#options
    const number = ++this.#number
    const tasks = [...this.#dirty].filter(task => task.isOpen && !task.isMute)
    const parts = tasks.map(task => task.prepare(incarnation, number, claimsOf(task)))
    this.#dirty = new Set()
    const gathered = this.#gathered
    this.#gathered = { records: 0, bytes: 0 }
    if (parts.length === 0) return
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
      // What can be blamed is taken out, and the rest is tried again.
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
    if (open.length === 0) return
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
    // The answer may have waited for a process that slept: what it confirms is the time of the question.
    const begunAt = system.monotonic()
    // An answer counts only while nobody has thrown the producer away.
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

  /** What a transaction answers, whatever an interceptor makes of it; its throw is a failure of the commit. */
  #intercepted(commit: Commit | undefined, transact: () => Promise<Receipt>): Promise<Receipt> {
    const { interceptor, incarnation } = this.#options
    if (!interceptor?.commit || !commit) return transact()
    const info = { pod: incarnation, number: commit.number, tasks: commit.parts.length }
    return around(next => interceptor.commit?.(info, next), transact)
  }

  /** The receipt follows the batches, of which the first ones are the tasks' state, in the order of the parts. */
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
    this.#options.meter.committed(this.#figuresOf(commit))
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
