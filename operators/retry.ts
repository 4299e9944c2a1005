/** When a failed call is made again, and when no more. */
import { hash } from 'node:crypto'
import {
  FailedAvro,
  GeneratedAvro,
  LlmErrorAvro,
  LlmRequestAvro,
  RecordingAvro,
  TaskConfigCodec,
  ValidatedAvro,
} from '#answers/codecs.ts'
import { isWithin } from '#answers/spending.ts'
import type { TaskDefaults, TaskSettings, TaskTypes } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import type { HistoryEntry, LlmError, LlmRequest } from '#answers/types.ts'
import { publish } from '#core/diagnostics.ts'
import { type Duration, msOf } from '#core/duration.ts'
import { operator } from '#core/operator.ts'
import { isJudged } from './decide.ts'
import { requestOf, settingsReader } from './model-step.ts'
import { questionFields, type RecordMode, recordingOf } from './recording.ts'

export interface RetryOptions {
  readonly taskTypes: TaskTypes
  readonly defaults: TaskDefaults
  /** The first wait; others are multiples of it. */
  readonly base: Duration
  /** The longest wait. */
  readonly cap: Duration
  /** Waits that cost no attempt; past it, each counts. */
  readonly parkedMax?: number
  /** How much is recorded; nothing when left out. */
  readonly record?: RecordMode | undefined
}

/** At the longest wait of a minute, five days of outage. */
export const PARKED_MAX = 7_200
/** After so many waits without an attempt, the next waits are longer by the base. So a long outage writes ever less often. */
const PARKED_A_STEP = 4
const JITTER = 0.1

/**
 * - `again`: the request, once its wait is over; `rescore`: the answer is there and only its judge is asked again
 * - `settled`: attempts or cost limit used up, but an earlier answer was judged: the best one is delivered below the threshold
 * - `gaveUp`: used up and nothing to deliver; the whole history goes along, and as `best` an answer that was never judged
 *
 * A failure that is no fault of the record (breaker open, no turn) spends no attempt, so an outage fails nothing.
 *
 * ```ts
 * errors.process('retry', retry({ taskTypes, defaults, base: '1s', cap: '1m' }), { endsBecause })
 *   .on('again').delay({ tiers }).to(requests).on('rescore').delay({ tiers }).to(generated)
 *   .on('settled').to(validated).on('gaveUp').to(failed)
 * ```
 */
export function retry(options: RetryOptions) {
  const settingsFor = settingsReader(options.taskTypes, options.defaults)
  const parkedMax = options.parkedMax ?? PARKED_MAX
  const bounds = { baseMs: msOf('base', options.base, 1), capMs: msOf('cap', options.cap, 1) }
  return operator({
    name: 'retry',
    input: LlmErrorAvro,
    outputs: {
      again: LlmRequestAvro,
      rescore: GeneratedAvro,
      settled: ValidatedAvro,
      gaveUp: FailedAvro,
      recorded: RecordingAvro,
    },
    tables: { [TOPICS.config]: TaskConfigCodec },
    process({ value: error }, ctx) {
      const settings = settingsFor(error.task_type, ctx)
      if (!settings) return ctx.deadLetter(`task type ${error.task_type} is not known here`)
      const counts = error.counts || error.parked >= parkedMax
      const request = counts ? counted(error, ctx.now) : parked(error)
      const usedUp = counts ? usedUpBy(request, error, settings) : []
      if (usedUp.length > 0) {
        if (isJudged(request.best)) {
          ctx.emit('settled', { ...request, attempt: request.best, below_threshold: true })
          return tell(error, 'settled')
        }
        ctx.emit('gaveUp', gaveUp(request, error, usedUp, ctx.now))
        ctx.log.info('a question was given up', { ...questionFields(error), code: error.error_type })
        return tell(error, 'failed')
      }
      const notBefore = ctx.now + waitMs(error, request, ctx.id, bounds)
      if (error.attempt) ctx.emit('rescore', { ...request, attempt: error.attempt }, { notBefore })
      else ctx.emit('again', request, { notBefore })
      if (options.record) ctx.emit('recorded', recordingOf(error, ctx, waitOf(error, notBefore)))
      tell(error, counts ? 'again' : 'parked')
    },
  })
}

function tell(error: LlmError, outcome: 'parked' | 'again' | 'settled' | 'failed'): void {
  const { task_type: taskType, error_type: errorType, spent } = error
  publish('caudal:answer:retried', { taskType, errorType, outcome })
  if (outcome === 'failed')
    publish('caudal:answer:failed', { taskType, reason: 'attempts_used_up', costUsd: spent.cost_usd })
}

/**
 * `attempts` includes the failure at hand. The wait is at most the cap:
 * - rate_limit: max(Retry-After, base * 2^attempts)
 * - others: max(Retry-After, base * attempts)
 * - all: at least the base for every four waits that cost no attempt
 *
 * Up to a tenth is added, drawn from the record's id. So records refused together do not return together, and a second run
 * decides the same.
 */
export function waitMs(
  error: Pick<LlmError, 'error_type' | 'retry_after_ms'>,
  { error_attempts: attempts, parked }: Pick<LlmRequest, 'error_attempts' | 'parked'>,
  recordId: string,
  { baseMs, capMs }: { readonly baseMs: number; readonly capMs: number },
): number {
  const backOff = error.error_type === 'rate_limit' ? baseMs * 2 ** attempts : baseMs * Math.max(1, attempts)
  const outage = baseMs * Math.floor(parked / PARKED_A_STEP)
  const wait = Math.min(capMs, Math.max(error.retry_after_ms ?? 0, backOff, outage))
  return Math.ceil(wait * (1 + JITTER * share(recordId)))
}

const waitOf = ({ step, request_id, reason }: LlmError, until: number) =>
  ({ kind: 'waiting', step, request_id, reason, until }) as const

function share(recordId: string): number {
  return hash('sha256', recordId, 'buffer').readUInt32BE(0) / 2 ** 32
}

function counted(error: LlmError, at: number): LlmRequest {
  const entry: HistoryEntry = {
    kind: 'error',
    step: error.step,
    at,
    request_id: error.request_id,
    error_type: error.error_type,
    reason: error.reason,
  }
  return {
    ...requestOf(error),
    error_attempts: error.error_attempts + 1,
    history: [...error.history, entry],
  }
}

const parked = (error: LlmError): LlmRequest => ({ ...requestOf(error), parked: error.parked + 1 })

/** Why no further call is made; nothing when one may be. */
function usedUpBy(
  { error_attempts, spent }: LlmRequest,
  { error_type, reason }: LlmError,
  { attemptsMax, costLimitUsd }: TaskSettings,
): readonly string[] {
  const failures = error_attempts === 1 ? '1 call' : `${error_attempts} calls`
  const last = `${failures} failed, the last by ${error_type}: ${reason}`
  if (!isWithin(spent, costLimitUsd))
    return [last, `${spent.cost_usd} USD were spent, the limit is ${costLimitUsd}`]
  return error_attempts >= attemptsMax ? [last] : []
}

function gaveUp(request: LlmRequest, { attempt }: LlmError, faults: readonly string[], at: number) {
  const common = { id: request.id, reason: 'attempts_used_up' as const, failed_at: at }
  if (!attempt) return { ...common, faults, request }
  const unjudged = 'its answer, never judged, is kept as the best of the request'
  return { ...common, faults: [...faults, unjudged], request: { ...request, best: attempt } }
}
