/** Trying again while the trouble is one that passes, ever more slowly, for a limited time. */
import { sleep } from '#core/system.ts'
import { isPassing, type Question, told } from './codes.ts'
import type { KafkaSettings } from './options.ts'

const PAUSE_MIN_MS = 2
const PAUSE_MAX_MS = 500
const GROWTH = 1.5

/** The pauses of one series of tries. */
export class BackOff {
  tries = 0
  #pauseMs = PAUSE_MIN_MS

  next(): number {
    const pauseMs = this.#pauseMs
    this.tries++
    this.#pauseMs = Math.min(pauseMs * GROWTH, PAUSE_MAX_MS)
    return pauseMs
  }

  reset(): void {
    this.tries = 0
    this.#pauseMs = PAUSE_MIN_MS
  }
}

/** Rejects with what `told` makes of the failure: when the time is up, or at once for trouble that stays. */
export async function persist<Answer>(
  settings: Pick<KafkaSettings, 'system' | 'unavailableAfterMs'>,
  question: Question,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const { system, unavailableAfterMs } = settings
  const backOff = new BackOff()
  const begun = system.monotonic()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isOver = system.monotonic() - begun >= unavailableAfterMs
      if (isOver || !isPassing(error, question.request)) throw told(error, question)
    }
    await sleep(system, backOff.next())
  }
}
