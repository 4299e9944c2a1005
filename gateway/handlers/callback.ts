/** An endpoint that a caller wants to be called with what becomes of a question. */
import type { Call, Gateway } from '../operation.ts'
import { invalid, type Problem } from '../problem.ts'

export const CALLBACK = {
  type: 'string',
  minLength: 1,
  maxLength: 2_000,
  description: 'The address of an endpoint that is called, signed, with what becomes of it.',
} as const

/** Why the endpoint is not taken; nothing when it is, or when there is none. */
export async function callbackProblem(
  { callbacks }: Gateway,
  callback: string | undefined,
  { caller }: Call,
): Promise<Problem | undefined> {
  if (callback === undefined) return undefined
  const reason = callbacks
    ? await callbacks.faultOf(caller.organization, callback)
    : 'is not taken here: webhooks are off, set WEBHOOKS_FILE'
  return reason === undefined ? undefined : invalid([{ pointer: '/callback', reason }])
}
