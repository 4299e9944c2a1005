/** The public API: declare a topology, run it. Logs and the testing kit have entries of their own. */
export { bytes, type Codec, json, text, type ValueOf } from '#engine/core/codec.ts'
export { type Action, CaudalError, type ErrorCode, hasCode } from '#engine/core/errors.ts'
export { silent } from '#engine/core/loggers.ts'
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
} from '#engine/core/operator.ts'
export type { System } from '#engine/core/system.ts'
export { type Renaming, renamedLog } from '#engine/log/renamed-log.ts'
export { type DeadLetter, decodeDeadLetter } from '#engine/runtime/dead-letter.ts'
export { type KeptDeadLetter, readDeadLetters, replayDeadLetters } from '#engine/runtime/dead-letters.ts'
export type { Limits } from '#engine/runtime/limits.ts'
export { type Running, type RunOptions, run } from '#engine/runtime/run.ts'
export {
  type Sent,
  type TopicClient,
  type TopicHandle,
  type TopicRecord,
  topicClient,
} from '#engine/runtime/topic-client.ts'
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
