/** Real questions, an ordinary provider, nobody killed: one outcome each, and every call that was bought is recorded. */
import { withApplication } from '../application.ts'
import { audit } from '../audit.ts'
import { ORDINARY } from '../profiles.ts'
import { questions } from '../questions.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface EndToEndSize {
  /** All of the file when left out. */
  readonly questions?: number
  readonly callTimeoutMs: number
  readonly withinMs: number
}

export const endToEnd: Scenario<EndToEndSize> = {
  name: 'end-to-end',
  summary:
    '800 ms lognormal, 5 % 429, 3 % 5xx, 1 % hangs, 2,000 in flight: one outcome each, calls bought = recorded',
  full: { callTimeoutMs: 60_000, withinMs: 900_000 },
  async run(size, place) {
    const environment = {
      APP_ID: applicationName('end-to-end'),
      MAX_IN_FLIGHT: '2000',
      LLM_TIMEOUT_MS: String(size.callTimeoutMs),
    }
    const options = { ...place, profile: ORDINARY, pods: 1, environment }
    return withApplication(options, async application => {
      const began = performance.now()
      await application.ask(questions(size.questions))
      await application.untilSettled(size.withinMs, place.say)
      const seconds = (performance.now() - began) / 1_000
      const { faults, ...figures } = await audit(application)
      const { asked, bought, boughtTwice, recorded } = figures
      return {
        figures: { ...figures, seconds },
        faults: [
          ...faults,
          ...(bought === recorded ? [] : [`${bought} calls were bought, ${recorded} are recorded`]),
          ...(boughtTwice === 0 ? [] : [`${boughtTwice} calls were bought twice`]),
          ...(bought >= 2 * asked ? [] : [`only ${bought} calls for ${asked} questions`]),
        ],
      }
    })
  },
}
