/** The topics of the pipeline: the one place that spells their names. */
export const TOPICS = {
  /** Changes of task types at run time, a table. */
  config: 'llm.config',
  /** What models are not called for now, a table. */
  brakes: 'llm.brakes',
  /** What people have changed. */
  audit: 'llm.audit',
  /** Events as they arrive. */
  raw: 'datos_crudos',
  /** What ingest made of them. */
  intake: 'llm.intake',
  requests: 'llm.requests',
  generated: 'llm.generated',
  errors: 'llm.errors',
  validated: 'llm.validated',
  failed: 'llm.failed',
  actions: 'llm.actions',
  /** What each call was asked, and what it brought. */
  recordings: 'llm.recordings',
  /** Pieces of answers while they are written, that nobody has judged. */
  tokens: 'llm.tokens',
  /** Messages for endpoints, and those that wait for another attempt. */
  webhooks: 'llm.webhooks',
  /** Who joined a question under way, and wants to hear of its outcome. */
  followers: 'llm.followers',
  /** Questions of batches that have their outcome. */
  batchItems: 'llm.batch-items',
  /** What happened to questions beside calls: endpoints were called, batches completed. */
  notices: 'llm.notices',
  /** Judged answers. */
  delivered: 'datos_procesados',
} as const
