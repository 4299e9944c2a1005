/** An answer that exists already: in the cache, else in the database. A store that is away finds nothing, and fails nothing. */

import { unlessAway } from '#core/unless-away.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import { answerKey, cachedAnswer, cachedText } from '#stores/stored-answer.ts'
import type { Call, Gateway } from '../operation.ts'
import { HASH } from './views.ts'

export interface Known {
  readonly source: 'cache' | 'database'
  readonly answer: StoredAnswer
}

/** The newest answer to the question. What the database has is put into the cache, for the next who asks. */
export async function knownAnswer(gateway: Gateway, hash: string, call: Call): Promise<Known | undefined> {
  const { cache, answers, cacheTtlMs } = gateway
  const { organization } = call.caller
  const text = await unlessAway(cache?.get(organization, answerKey(hash)))
  const cached = text === undefined ? undefined : cachedAnswer(text, hash)
  if (cached) return { source: 'cache', answer: cached }
  const answer = await unlessAway(answers?.newestOf(organization, hash))
  if (!answer) return undefined
  unlessAway(
    cache?.set(organization, answerKey(hash), cachedText(answer), cacheTtlMs(answer.taskType)),
  ).catch(
    () => undefined, // The next who asks is answered by the database again.
  )
  return { source: 'database', answer }
}

/** The answer of a run, or the newest one to a question. Rejects with UNAVAILABLE while the database is away. */
export async function storedAnswer(
  { answers }: Gateway,
  id: string,
  call: Call,
): Promise<StoredAnswer | undefined> {
  const { organization } = call.caller
  const answer = await answers?.get(organization, id)
  if (answer || !HASH.test(id)) return answer
  return answers?.newestOf(organization, id)
}
