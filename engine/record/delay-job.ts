/** One hop of a delayed record: to the next tier, or to its target when it is due. The hop does not change the bytes. */
import { CaudalError } from '#core/errors.ts'
import { withHeader, withoutHeader } from '#core/headers.ts'
import { HEADER, type Headers, type LogRecord, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Outlet, Outlets } from '#engine/commit/outlets.ts'
import { type DelayHeader, decodeDelay, encodeDelay, nextHop, restOf } from './delay-route.ts'
import { recordId } from './identity.ts'
import { attemptBefore, type Job, type JobRun, type StateWrite } from './job.ts'
import type { Head, SourceIntake } from './source-intake.ts'
import type { StageProgram } from './stage-program.ts'

const NODE = 'delay'

/**
 * The wall time at which the head of a tier may go on. All records of a tier wait equally long. A record has waited for at least
 * as long as this process has held it. So no record waits longer when the wall clock is set back, or when a writer's clock was
 * ahead.
 */
export function holdUntil({ record, arrivedAt }: Head, waitMs: number, system: System): number {
  const header = record.headers[HEADER.delay]
  const delay = header && decodeDelay(header)
  if (!delay) return 0
  const due = delay.enteredAt + waitMs
  const now = system.now()
  return due <= now ? due : Math.min(due, now + arrivedAt + waitMs - system.monotonic())
}

export class DelayJob implements Job {
  readonly key = null
  steps: Set<string> | undefined
  attempt = 0
  finished = false
  readonly record: LogRecord
  readonly intake: SourceIntake
  readonly #program: StageProgram
  readonly #outlets: Outlets

  constructor(intake: SourceIntake, record: LogRecord, program: StageProgram, outlets: Outlets) {
    this.intake = intake
    this.record = record
    this.#program = program
    this.#outlets = outlets
  }

  get id(): string {
    return recordId(this.intake.topic, this.intake.partition, this.record.offset, this.record.headers)
  }

  get headers(): Headers {
    return this.record.headers
  }

  get place(): string {
    return `${this.intake.topic}/${this.intake.partition}@${this.record.offset}`
  }

  again(): DelayJob {
    return Object.assign(
      new DelayJob(this.intake, this.record, this.#program, this.#outlets),
      attemptBefore(this),
    )
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

  givenUp(): readonly StateWrite[] {
    return []
  }

  origin(): LogRecord & TopicPartition {
    const { topic, partition } = this.intake
    return { ...this.record, topic, partition }
  }

  begin(run: JobRun): void {
    const { record } = this
    const stored = record.headers[HEADER.delay]
    const delay = stored && decodeDelay(stored)
    if (!delay)
      throw new CaudalError('REJECTED', { reason: `a record of ${this.intake.topic} says not where to go` })
    const { tiers, metrics } = this.#program
    const served = tiers.find(({ outlet }) => outlet.topic === this.intake.topic)
    const restMs = restOf(delay, served?.waitMs ?? 0, run.now)
    const due = run.now + restMs
    const hop = nextHop(tiers, run.now, due)
    const tier = hop.kind === 'tier' && tiers.find(({ waitMs }) => waitMs === hop.waitMs)
    const next = () => encodeDelay({ ...delay, due, enteredAt: run.now })
    const moved = tier
      ? { ...record, allHeaders: undefined, headers: withHeader(record.headers, HEADER.delay, next()) }
      : { ...record, allHeaders: undefined, headers: withoutHeader(record.headers, HEADER.delay) }
    if (!tier) metrics.delayLateMs.add(-restMs)
    const outlet = tier ? tier.outlet : this.#targetOf(delay)
    run.outputs.push({ slot: this.#outlets.place(outlet, NODE, moved, this.id), record: moved })
  }

  /** The outlet of the target. Throws if the graph lost the target while its records waited. */
  #targetOf({ target }: DelayHeader): Outlet {
    const outlet = this.#outlets.find(target)
    if (outlet) return outlet
    const reason = `the delayed record is for topic ${target}, which the graph no longer has`
    throw new CaudalError('REJECTED', { reason })
  }

  keyMissing(node: string): CaudalError {
    return new CaudalError('KEY_MISSING', {
      node,
      topic: this.intake.topic,
      partition: this.intake.partition,
      offset: this.record.offset,
    })
  }
}
