/** What a graph's author and the tools around graphs import. */
export {
  type SourceOptions,
  type TableOptions,
  type TopicOptions,
  type TopologyBuilder,
  topology,
} from './builder.ts'
export { type Change, compare, type Verdict } from './compare.ts'
export { explainText } from './explain.ts'
export type {
  Case,
  DelayOptions,
  Edge,
  Origins,
  Processed,
  ProcessOptions,
  Readable,
  RecordFacts,
  Rekeyed,
  Source,
  Stream,
  Table,
  Target,
  Topic,
} from './handles.ts'
export { explainMermaid } from './mermaid.ts'
export { type Plan, plan, type Stage, type StageSource } from './plan.ts'
export { summarize, type TopologySummary } from './summary.ts'
export type { Delay, OperatorNode, Origin, Route, TopicNode, Topology } from './topology.ts'
export { assertValid, type Fault, validate } from './validate.ts'
