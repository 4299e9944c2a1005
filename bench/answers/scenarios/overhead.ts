/** One question at a time on an idle system: the time from append to a visible answer, less the time that the model took. */
import { quantile } from '../../measuring.ts'
import { withApplication } from '../application.ts'
import { audit } from '../audit.ts'
import { fixed } from '../profiles.ts'
import { questions } from '../questions.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface OverheadSize {
  readonly questions: number
}

const MODEL_MS = 50
const WARM_UP_QUESTIONS = 20
const ANSWER_WITHIN_MS = 30_000
const P99_MAX_MS = 400

export const overhead: Scenario<OverheadSize> = {
  name: 'overhead',
  summary: 'append to visible answer less model time, one question at a time: p99 below 400 ms',
  full: { questions: 400 },
  async run(size, place) {
    const environment = { APP_ID: applicationName('overhead') }
    const options = { ...place, profile: fixed(MODEL_MS), pods: 1, environment }
    return withApplication(options, async application => {
      const overheads: number[] = []
      for (const [index, question] of questions(size.questions + WARM_UP_QUESTIONS).entries()) {
        const began = performance.now()
        await application.ask([question])
        await application.answered(question.id, index === 0 ? 120_000 : ANSWER_WITHIN_MS)
        const totalMs = performance.now() - began
        const calls = application.outcomes.byId.get(question.id)?.[0]?.calls ?? 0
        if (index >= WARM_UP_QUESTIONS) overheads.push(totalMs - calls * MODEL_MS)
        if (index % 50 === 0) place.say(application.progress)
      }
      const { faults, bought, asked } = await audit(application)
      const p99Ms = quantile(overheads, 0.99)
      return {
        figures: {
          questions: overheads.length,
          callsPerQuestion: bought / asked,
          p50Ms: quantile(overheads, 0.5),
          p90Ms: quantile(overheads, 0.9),
          p99Ms,
          maxMs: Math.max(...overheads),
        },
        faults: [...faults, ...(p99Ms < P99_MAX_MS ? [] : [`the 99th percentile is ${p99Ms} ms`])],
      }
    })
  },
}
