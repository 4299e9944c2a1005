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
  /** Judged answers. */
  delivered: 'datos_procesados',
} as const
