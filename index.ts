/** The public API: declare a topology, run it. Logs and the testing kit have entries of their own. */
export { type Codec, codec, type JsonCheck, type ValueOf } from '#core/codec.ts'
export type {
  Codecs,
  Context,
  Declared,
  EmitOptions,
  InputOf,
  InputRecord,
  StepCall,
  StepOptions,
  TableHandle,
  Timer,
} from '#core/context.ts'
export type { Duration, DurationText, Moment } from '#core/duration.ts'
export {
  type Action,
  CaudalError,
  type ErrorCode,
  hasCode,
  Unavailable,
  unavailable,
} from '#core/errors.ts'
export type {
  BatchInfo,
  CommitInfo,
  EmitInfo,
  InfoHeaders,
  Interceptor,
  ProcessInfo,
  StepInfo,
} from '#core/interceptor.ts'
export type { LimitOptions, Limits } from '#core/limits.ts'
export type { Logger } from '#core/loggers.ts'
export { silent as silentLogger } from '#core/loggers.ts'
export {
  type BatchContext,
  type BatchDefinition,
  type BatchItem,
  type BatchLimits,
  type BatchOperator,
  batchOperator,
  type FailureAnswer,
  type FailureContext,
  type Operator,
  type OperatorLimits,
  operator,
  type ProcessDefinition,
  type RecordOperator,
} from '#core/operator.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from '#core/standard-schema.ts'
export {
  type MapHandle,
  type MapState,
  type StateDeclarations,
  type StateHandles,
  type StateOptions,
  state,
  type ValueHandle,
  type ValueState,
} from '#core/state.ts'
export type { System } from '#core/system.ts'
export { type KeptDeadLetter, readDeadLetters, replayDeadLetters } from '#engine/client/dead-letters.ts'
export { PodReporting, type ReportingOptions } from '#engine/client/pod-reporting.ts'
export { type Running, type RunOptions, run } from '#engine/client/run.ts'
export {
  type Sent,
  type TopicClient,
  type TopicHandle,
  type TopicRecord,
  topicClient,
} from '#engine/client/topic-client.ts'
export type { Log } from '#engine/log/log.ts'
export { type Renaming, renamedLog } from '#engine/log/renamed-log.ts'
export type { PodPhase } from '#engine/pod/pod-lifecycle.ts'
export type { PodStatus, TaskStatus } from '#engine/pod/pod-status.ts'
export type { Health, Resource } from '#engine/pod/resources.ts'
export { type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
export type { StoreFactory } from '#engine/state/store.ts'
export type { TaskPhase } from '#engine/task/task-lifecycle.ts'
export {
  type Case,
  type Change,
  compare as compareTopologies,
  type DelayOptions,
  type Edge,
  explainMermaid,
  explainText,
  type Fault,
  type Origins,
  type Plan,
  type Processed,
  type ProcessOptions,
  plan as planTopology,
  type Readable,
  type RecordFacts,
  type Rekeyed,
  type Source,
  type SourceOptions,
  type Stage,
  type Stream,
  summarize as summarizeTopology,
  type Table,
  type TableOptions,
  type Target,
  type Topic,
  type TopicOptions,
  type Topology,
  type TopologyBuilder,
  type TopologySummary,
  topology,
  type Verdict,
  validate as validateTopology,
} from '#topology/index.ts'
