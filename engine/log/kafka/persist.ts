/** Trying again while the trouble is one that passes, ever more slowly, for a limited time. */
import { publish } from '#core/diagnostics.ts'
import { RETRIES, whileUnavailable } from '#core/retry.ts'
import { isPassing, type Question, toldAtLast } from './codes.ts'
import type { KafkaSettings } from './options.ts'

/** Rejects with what `toldAtLast` makes of the failure: when the time is up, or at once for trouble that stays. */
export async function persist<Answer>(
  settings: Pick<KafkaSettings, 'system' | 'unavailableAfterMs'>,
  question: Question,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const { system, unavailableAfterMs } = settings
  const begun = system.monotonic()
  const isOver = () => system.monotonic() - begun >= unavailableAfterMs
  try {
    return await whileUnavailable(RETRIES.request, attempt, {
      system,
      isPassing: error => !isOver() && isPassing(error, question.request),
      onPause: (waitMs, error) => publish('caudal:log:retried', { ...question, waitMs, error }),
    })
  } catch (error) {
    const reason = toldAtLast(error, question)
    publish('caudal:log:refused', { ...question, error: reason })
    throw reason
  }
}
