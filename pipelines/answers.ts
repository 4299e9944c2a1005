/** The answer pipeline: from raw events in `datos_crudos` to judged answers in `datos_procesados`. */

import { AuditCodec } from '#answers/audit.ts'
import { BrakeCodec } from '#answers/brakes.ts'
import {
  ActionEventAvro,
  DeliveredAvro,
  FailedAvro,
  GeneratedAvro,
  IntakeAvro,
  LlmErrorAvro,
  LlmRequestAvro,
  RecordingAvro,
  TaskConfigCodec,
  ValidatedAvro,
} from '#answers/codecs.ts'
import type { PriceTable } from '#answers/prices.ts'
import { RawEventCodec } from '#answers/raw-event.ts'
import { THRESHOLD } from '#answers/rubric.ts'
import type { TaskTypes } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import type { TokenSink } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed, Intake, Notice, Recording } from '#answers/types.ts'
import { type Duration, durationMs } from '#core/duration.ts'
import type { Model } from '#models/model.ts'
import { admit } from '#operators/admit.ts'
import { chronicle } from '#operators/chronicle.ts'
import { decide } from '#operators/decide.ts'
import { deliver } from '#operators/deliver.ts'
import { generate } from '#operators/generate.ts'
import { type IndexAnswersOptions, indexAnswers } from '#operators/index-answers.ts'
import { ingest } from '#operators/ingest.ts'
import { persist } from '#operators/persist.ts'
import type { RecordMode } from '#operators/recording.ts'
import { regenerate } from '#operators/regenerate.ts'
import { remember } from '#operators/remember.ts'
import { retry } from '#operators/retry.ts'
import { score } from '#operators/score.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import type { HistoryStore } from '#stores/history.ts'
import { type TopologyBuilder, topology } from '#topology/builder.ts'
import type { Edge, Stream, Topic } from '#topology/handles.ts'
import type { Topology } from '#topology/topology.ts'
import { type NotifyingOptions, notifying, type Outcomes, type WebhooksOptions } from './webhook-stages.ts'

export interface AnswersOptions {
  /** Prefix of internal topics and name of the consumer group. */
  readonly name?: string
  readonly model: Model
  /** Judges the answers; `computed` judges without a model. The answering model when left out. */
  readonly judge?: Model | 'computed'
  readonly judgeModel?: string
  /** Tokens of a verdict; a judge that reasons first needs more than the default of 1,000. */
  readonly judgeTokensMax?: number
  readonly taskTypes?: TaskTypes
  /** What the calls cost; the list prices of the known models when left out. */
  readonly prices?: PriceTable
  /** For task types without one of their own. */
  readonly threshold?: number
  readonly attemptsMax?: number
  readonly retryBase?: Duration
  readonly retryCap?: Duration
  readonly delayTiers?: readonly Duration[]
  readonly inFlightMax?: number
  /** One record's run, waiting for its turn included: longer than the time limits of all providers of a chain together. */
  readonly timeout?: Duration
  readonly partitions?: number
  /** Where delivered answers are kept for queries; nowhere when left out. */
  readonly store?: AnswerStore | undefined
  /** Where delivered answers are found by their questions; nowhere when left out. */
  readonly cache?: Cache | undefined
  /** How long the cache keeps them. */
  readonly cacheTtl?: Duration
  /** Where the history of each question is kept; nowhere when left out. */
  readonly history?: HistoryStore | undefined
  /** Where answers to questions in other words are found, and for which task types; nowhere when left out. */
  readonly semantic?: IndexAnswersOptions | undefined
  /** How much of each call is recorded for the history; `digest` when left out. */
  readonly record?: RecordMode
  /** Where answers are streamed while they are written, for events that ask for it; nowhere when left out. */
  readonly tokens?: TokenSink | undefined
  /** Whether batches are counted, and their completion is an event; also where webhooks are given. */
  readonly batches?: boolean
  /** Endpoints that are called with each outcome; none when left out. */
  readonly webhooks?: WebhooksOptions | undefined
}

const CACHE_TTL: Duration = '1h'

const DELAY_TIERS: readonly Duration[] = ['1s', '5s', '30s', '2m', '10m']

/**
 *   datos_crudos -> ingest -> llm.intake -> admit -> llm.requests -> generate -> llm.generated -> score -> decide
 *                     |                                ^    ^          |               ^            |      |   |
 *                     |                                |    |          |               |            |      |   +-> llm.validated -> deliver -> datos_procesados
 *                     |                                |    +-- regenerate <- low score ------------+------+                          |
 *                     |                                |               v               |            |                               +-> llm.actions
 *                     v                                +-- delay <- retry <- llm.errors <-----------+
 *                 llm.failed <---- attempts used up -------------------+
 *
 * Behind datos_procesados, where each is given: persist writes the database, remember the cache, index the semantic index. Where a history
 * is given, generate, score and retry record each call in llm.recordings, and chronicle writes it to the database. Where batches
 * are counted or webhooks are given, notify reads both outcomes, complete-batch counts, and call-webhook sends each endpoint its message.
 */
export function answers(options: AnswersOptions): Topology {
  const taskTypes = options.taskTypes ?? TASK_TYPES
  const defaults = { threshold: options.threshold ?? THRESHOLD, attemptsMax: options.attemptsMax ?? 3 }
  const limits = { inFlightMax: options.inFlightMax ?? 2_000, timeout: options.timeout ?? '90s' }
  const delay = { tiers: options.delayTiers ?? DELAY_TIERS }
  const waits = { base: options.retryBase ?? '1s', cap: options.retryCap ?? '1m' } as const
  const cycle = { endsBecause: 'each passage spends an attempt or a wait, and retry limits both' }
  const record = options.history && (options.record ?? 'digest')
  const model = { taskTypes, defaults, limits, prices: options.prices, record }
  const partitions = options.partitions === undefined ? {} : { partitions: options.partitions }

  const p = topology(options.name ?? 'answers')
  p.table(TOPICS.config, { value: TaskConfigCodec, key: config => config.task_type, partitions: 1 })
  p.table(TOPICS.brakes, { value: BrakeCodec, key: brake => brake.scope, partitions: 1 })
  p.topic(TOPICS.audit, { value: AuditCodec, key: entry => entry.target, ...partitions })
  const raw = p.source(TOPICS.raw, { value: RawEventCodec, ...partitions })
  const keyed = { key: (value: { readonly id: string }) => value.id, ...partitions }
  const intake = p.topic(TOPICS.intake, { value: IntakeAvro, ...keyed })
  const requests = p.topic(TOPICS.requests, { value: LlmRequestAvro, ...keyed })
  const generated = p.topic(TOPICS.generated, { value: GeneratedAvro, ...keyed })
  const errors = p.topic(TOPICS.errors, { value: LlmErrorAvro, ...keyed })
  const validated = p.topic(TOPICS.validated, { value: ValidatedAvro, ...keyed })
  const failed = p.topic(TOPICS.failed, { value: FailedAvro, ...keyed })
  const actions = p.topic(TOPICS.actions, { value: ActionEventAvro, ...keyed })
  const processed = p.topic(TOPICS.delivered, { value: DeliveredAvro, ...keyed })
  const recordings = options.history && p.topic(TOPICS.recordings, { value: RecordingAvro, ...keyed })

  const ingested = raw.process('ingest', ingest({ taskTypes }))
  ingested.on('intake').to(intake).on('failed').to(failed)

  intake.process('admit', admit()).to(requests)

  const answered = requests.process(
    'generate',
    generate({ ...model, model: options.model, tokens: options.tokens }),
    cycle,
  )
  answered.on('generated').to(generated).on('failed').to(errors).on('braked').delay(delay).to(requests)
  into(recordings, answered.on('recorded'))

  const judge = options.judge ?? options.model
  const judged = generated.process(
    'score',
    score({ ...model, judge, judgeModel: options.judgeModel, judgeTokensMax: options.judgeTokensMax }),
    cycle,
  )
  into(recordings, judged.on('recorded'))
  const decided = judged
    .on('failed')
    .to(errors)
    .on('braked')
    .delay(delay)
    .to(generated)
    .on('scored')
    .process('decide', decide({ taskTypes, defaults }))
  decided.on('validated').to(validated).on('low').process('regenerate', regenerate()).to(requests)

  const retried = errors.process('retry', retry({ taskTypes, defaults, ...waits, record }), cycle)
  retried.on('again').delay(delay).to(requests).on('rescore').delay(delay).to(generated)
  retried.on('settled').to(validated).on('gaveUp').to(failed)
  into(recordings, retried.on('recorded'))

  const delivered = validated.process('deliver', deliver({ taskTypes }))
  delivered.on('delivered').to(processed).on('action').to(actions)
  project(processed, { ...options, taskTypes })
  const notices = noticesOf(p, { delivered: processed, failed }, { ...options, keyed, delay })
  if (recordings) chronicled({ intake, recordings, failed, processed, notices }, options)
  return p.build()
}

interface Told {
  readonly intake: Stream<Intake>
  readonly recordings: Stream<Recording>
  readonly failed: Stream<Failed>
  readonly processed: Stream<Delivered>
  readonly notices: Stream<Notice> | undefined
}

/** The topics that tell of questions, written into their history. */
function chronicled(
  { intake, recordings, failed, processed, notices }: Told,
  { history }: AnswersOptions,
): void {
  if (!history) return
  const written = chronicle({ history })
  intake.process('chronicle-intake', written.intake)
  recordings.process('chronicle', written.recordings)
  failed.process('chronicle-failed', written.failed)
  processed.process('chronicle-delivered', written.delivered)
  notices?.process('chronicle-notices', written.notices)
}

/** Nothing where nobody hears of outcomes. */
function noticesOf(
  p: TopologyBuilder,
  outcomes: Outcomes,
  {
    webhooks,
    batches = webhooks !== undefined,
    keyed,
    delay,
  }: AnswersOptions & Omit<NotifyingOptions, 'webhooks'>,
): Topic<Notice> | undefined {
  return batches ? notifying(p, outcomes, { webhooks, keyed, delay }) : undefined
}

/** Where no history is kept, nothing is recorded. */
function into(recordings: Topic<Recording> | undefined, recorded: Edge<Recording, unknown>): void {
  if (recordings) recorded.to(recordings)
  else recorded.discard()
}

/** Copies of what the log holds, each at its own pace: one that is away holds up nothing else. */
function project(
  processed: Stream<Delivered>,
  {
    store,
    cache,
    cacheTtl = CACHE_TTL,
    semantic,
    taskTypes,
  }: AnswersOptions & { readonly taskTypes: TaskTypes },
): void {
  if (store) processed.process('persist', persist({ store }))
  if (semantic) processed.process('index', indexAnswers(semantic))
  if (cache) processed.process('remember', remember({ cache, taskTypes, ttlMs: durationMs(cacheTtl) }))
}
