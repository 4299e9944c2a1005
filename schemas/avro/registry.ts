/** The port to a schema registry: the little that is asked of one, at a start and when an unknown id comes up. */

/** What is asked of a schema registry. A program may write its own. */
export interface SchemaRegistry {
  /** Where it is, for messages. */
  readonly address: string
  /**
   * The id of the schema under the subject, to which it is added where it is not there yet. Idempotent. Rejects
   * SCHEMAS_REFUSED when the registry does not take it, REGISTRY_UNAVAILABLE when it does not answer.
   */
  register(subject: string, schema: string): Promise<number>
  /** The id of exactly this schema under the subject, or `undefined`. Rejects REGISTRY_UNAVAILABLE. */
  idOf(subject: string, schema: string): Promise<number | undefined>
  /** The schema that was registered last under the subject, or `undefined`. Rejects REGISTRY_UNAVAILABLE. */
  latest(subject: string): Promise<string | undefined>
  /** The schema with this id, or `undefined` where there is none. Rejects REGISTRY_UNAVAILABLE. */
  schemaOf(id: number): Promise<string | undefined>
}
