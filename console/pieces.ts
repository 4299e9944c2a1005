/** An answer while a model writes it: pieces of the newest call, until an event has what came of it. */
import type { RunEvent } from './shapes.ts'

/** One piece, as the stream of a task has it. */
export interface Token {
  readonly kind: 'token'
  readonly request_id: string
  readonly attempt: number
  /** Characters of the answer before this piece. */
  readonly at: number
  readonly text: string
  /** The text begins from nothing, although there was one before. */
  readonly restart?: boolean
}

export const isToken = (said: RunEvent | Token): said is Token => said.kind === 'token'

/** The text so far of a call. */
export interface Draft {
  readonly requestId: string
  readonly attempt: number
  readonly text: string
}

/** Kinds of events behind which the text of the call before them is no draft any more. */
const ENDING = ['generated', 'regenerated', 'call_failed', 'delivered', 'failed']

/** The draft after what the stream says next. */
export function draftAfter(draft: Draft | undefined, said: RunEvent | Token): Draft | undefined {
  if (!isToken(said)) return ENDING.includes(said.kind) ? undefined : draft
  const { request_id: requestId, attempt, at, text, restart = false } = said
  const goesOn = !restart && draft?.requestId === requestId
  return { requestId, attempt, text: (goesOn ? draft.text.slice(0, at) : '') + text }
}
