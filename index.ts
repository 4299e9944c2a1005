/** The public API: declare a topology, run it. Logs and the testing kit have entries of their own. */
export { bytes, type Codec, json, text, type ValueOf } from '#core/codec.ts'
export { type Action, CaudalError, type ErrorCode, hasCode } from '#core/errors.ts'
export type { Limits } from '#core/limits.ts'
export { silent } from '#core/loggers.ts'
export {
  type BatchItem,
  batchOperator,
  type Context,
  type EmitOptions,
  type FailureAnswer,
  type InputRecord,
  type Logger,
  map,
  type Operator,
  operator,
  type Timer,
  value,
} from '#core/operator.ts'
export type { System } from '#core/system.ts'
export { type KeptDeadLetter, readDeadLetters, replayDeadLetters } from '#engine/client/dead-letters.ts'
export { type Running, type RunOptions, run } from '#engine/client/run.ts'
export {
  type Sent,
  type TopicClient,
  type TopicHandle,
  type TopicRecord,
  topicClient,
} from '#engine/client/topic-client.ts'
export { type Renaming, renamedLog } from '#engine/log/renamed-log.ts'
export { type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
export {
  compare,
  explainMermaid,
  explainText,
  plan,
  summarize,
  type Topology,
  topology,
  validate,
} from '#topology/index.ts'
