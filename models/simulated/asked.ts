/** What a simulated model is asked. */
import type { JsonSchema, Message } from '../model.ts'

/** A request as the simulated model sees it, with the seed of its server. */
export interface Asked {
  readonly messages: readonly Message[]
  readonly schema: { readonly name: string; readonly schema: JsonSchema } | undefined
  readonly hints: { readonly reference?: string | undefined; readonly attempt?: number | undefined }
  readonly seed: string
  readonly requestId: string
}

/** The text of an answer: the same for the same question. */
export type Answering = (asked: Asked) => string
