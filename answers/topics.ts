/** The pipeline's topics that the command line reads and writes, by name. */
export const TOPICS = {
  config: 'llm.config',
  raw: 'datos_crudos',
  intake: 'llm.intake',
  requests: 'llm.requests',
  errors: 'llm.errors',
  failed: 'llm.failed',
  delivered: 'datos_procesados',
} as const
