/** How the pipeline's values become bytes: Avro of the schemas in `schemas/`, in the Confluent wire format. */
import { avro } from '#schemas/avro/avro-codec.ts'
import { jsonOrAvro } from '#schemas/avro/json-or-avro.ts'
import {
  ACTION_EVENT_SCHEMA,
  BATCH_COUNT_SCHEMA,
  BATCH_ITEM_SCHEMA,
  BOUGHT_SCHEMA,
  DELIVERED_SCHEMA,
  FAILED_SCHEMA,
  FOLLOWER_SCHEMA,
  GENERATED_SCHEMA,
  INTAKE_SCHEMA,
  KEPT_OUTCOME_SCHEMA,
  LLM_ERROR_SCHEMA,
  LLM_REQUEST_SCHEMA,
  NOTICE_SCHEMA,
  RECORDING_SCHEMA,
  SCORED_SCHEMA,
  SEEN_SCHEMA,
  TASK_CONFIG_SCHEMA,
  VALIDATED_SCHEMA,
  WEBHOOK_CALL_SCHEMA,
  WEBHOOK_SCHEMA,
} from '#schemas/texts.ts'
import type {
  ActionEvent,
  BatchCount,
  BatchItem,
  Bought,
  Delivered,
  Failed,
  Follower,
  Generated,
  Intake,
  KeptOutcome,
  LlmError,
  LlmRequest,
  Notice,
  Recording,
  Scored,
  Seen,
  TaskConfig,
  Validated,
  Webhook,
  WebhookCall,
} from './types.ts'

/** A question after ingest, in `llm.intake`. */
export const IntakeAvro = avro<Intake>(INTAKE_SCHEMA)
/** A question that wants an answer, in `llm.requests`, with its attempts and its cost so far. */
export const LlmRequestAvro = avro<LlmRequest>(LLM_REQUEST_SCHEMA)
/** An answer that no judge has scored, in `llm.generated`. */
export const GeneratedAvro = avro<Generated>(GENERATED_SCHEMA)
/** An answer with its scores. */
export const ScoredAvro = avro<Scored>(SCORED_SCHEMA)
/** A call that failed, in `llm.errors`. */
export const LlmErrorAvro = avro<LlmError>(LLM_ERROR_SCHEMA)
/** An answer that will be delivered, in `llm.validated`. */
export const ValidatedAvro = avro<Validated>(VALIDATED_SCHEMA)
/** A question that was given up, or an event that is no question, in `llm.failed`. */
export const FailedAvro = avro<Failed>(FAILED_SCHEMA)
/** A delivered answer, in `datos_procesados`. */
export const DeliveredAvro = avro<Delivered>(DELIVERED_SCHEMA)
/** Something to be done about a text, in `llm.actions`. */
export const ActionEventAvro = avro<ActionEvent>(ACTION_EVENT_SCHEMA)
/** What a call was asked and what it brought. */
export const RecordingAvro = avro<Recording>(RECORDING_SCHEMA)
/** A message for an endpoint, until the endpoint has taken it. */
export const WebhookAvro = avro<Webhook>(WEBHOOK_SCHEMA)
/** A call that an endpoint has taken, journaled. */
export const WebhookCallAvro = avro<WebhookCall>(WEBHOOK_CALL_SCHEMA)
/** An event of the history that no call to a model brought. */
export const NoticeAvro = avro<Notice>(NOTICE_SCHEMA)
/** Who joined a question, and wants to hear of its outcome. */
export const FollowerAvro = avro<Follower>(FOLLOWER_SCHEMA)
/** An outcome, kept for followers that are read later. */
export const KeptOutcomeAvro = avro<KeptOutcome>(KEPT_OUTCOME_SCHEMA)
/** A question of a batch has its outcome. */
export const BatchItemAvro = avro<BatchItem>(BATCH_ITEM_SCHEMA)
/** How many of a batch have theirs. */
export const BatchCountAvro = avro<BatchCount>(BATCH_COUNT_SCHEMA)
/** A reply of a model, journaled as soon as it was paid for. */
export const BoughtAvro = avro<Bought>(BOUGHT_SCHEMA)
/** When admission saw an id first. */
export const SeenAvro = avro<Seen>(SEEN_SCHEMA)
/** Typed by people too, hence JSON. A change with a value of a wrong type is skipped as a whole; the one before it stays. */
export const TaskConfigCodec = jsonOrAvro(avro<TaskConfig>(TASK_CONFIG_SCHEMA))
