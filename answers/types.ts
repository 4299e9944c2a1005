/** The values on the topics of the answer pipeline: made from their Avro schemas, under the names that the operators use. */
import type { Spent } from '#schemas/parts.ts'

export type { Attempt, BatchRef, HistoryEntry, JudgedAttempt, Spent, Step } from '#schemas/parts.ts'
export type {
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
} from '#schemas/types.ts'

/** The cost of a question before its first call. */
export const NOTHING_SPENT: Spent = { calls: 0, tokens_prompt: 0, tokens_completion: 0, cost_usd: 0 }
