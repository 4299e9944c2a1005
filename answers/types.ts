/** The values on the topics of the answer pipeline: made from their Avro schemas, under the names that the operators use. */
import type { Spent } from '#schemas/parts.ts'

export type { Attempt, HistoryEntry, JudgedAttempt, Spent, Step } from '#schemas/parts.ts'
export type {
  ActionEvent,
  Bought,
  Delivered,
  Failed,
  Generated,
  Intake,
  LlmError,
  LlmRequest,
  Recording,
  Scored,
  Seen,
  TaskConfig,
  Validated,
} from '#schemas/types.ts'

export const NOTHING_SPENT: Spent = { calls: 0, tokens_prompt: 0, tokens_completion: 0, cost_usd: 0 }
