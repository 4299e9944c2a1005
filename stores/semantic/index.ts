/** The semantic index: what a composition root opens, and what fills the topic that the index is read from. */
export { AUDITED_SHARE, AuditTally, FALSE_HITS_MAX, type FalseHitRate, isAudited } from './audit.ts'
export { type Entry, entryRecord, SEMANTIC_TOPIC } from './entry.ts'
export { withoutFrame } from './guard/reading.ts'
export {
  type QuestionVectors,
  SIMILARITY_MIN,
  TopicIndex,
  type TopicIndexOptions,
} from './topic-index.ts'
export { TopicSink, type TopicSinkOptions } from './topic-sink.ts'
