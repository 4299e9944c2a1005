/** The provider is gone for minutes while questions keep coming. No question fails, no call is bought twice, no pod restarts. */
import { realSystem } from '#core/system.ts'
import { withApplication } from '../application.ts'
import { audit } from '../audit.ts'
import { Load } from '../load.ts'
import { fixed } from '../profiles.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface OutageSize {
  readonly questionsPerSecond: number
  readonly beforeMs: number
  readonly downMs: number
  readonly afterMs: number
  readonly withinMs: number
}

const MODEL_MS = 800
const BACK_WITHIN_MS = 30_000

export const outage: Scenario<OutageSize> = {
  name: 'outage',
  summary:
    'provider down for 5 minutes under load: nothing fails, nothing is bought twice, goes on within 30 s',
  full: { questionsPerSecond: 20, beforeMs: 10_000, downMs: 300_000, afterMs: 30_000, withinMs: 300_000 },
  async run(size, place) {
    const { beforeMs, downMs, afterMs, questionsPerSecond } = size
    const environment = { APP_ID: applicationName('outage') }
    const options = { ...place, profile: fixed(MODEL_MS), pods: 1, environment }
    return withApplication(options, async application => {
      const { provider, outcomes } = application
      const load = new Load(application, questionsPerSecond)
      await load.ask(1)
      await application.until(() => outcomes.all.length > 0, size.withinMs, 'a first outcome')
      await load.during(beforeMs)
      await provider.down()
      const boughtBefore = (await provider.report()).purchases.length
      place.say(`down after ${boughtBefore} calls`)
      await load.during(downMs)
      await provider.up()
      const upAt = realSystem.now()
      place.say(`up again; ${application.progress}`)
      await load.during(afterMs)
      await application.untilSettled(size.withinMs, place.say)
      const settledMs = realSystem.now() - upAt
      const { faults, ...figures } = await audit(application)
      const { purchases } = await provider.report()
      const firstMs = (purchases[boughtBefore]?.at ?? Number.POSITIVE_INFINITY) - upAt
      const first = outcomes.all.find(({ at }) => at > upAt + MODEL_MS)
      const { bought, boughtTwice, recorded, failed } = figures
      return {
        figures: {
          ...figures,
          firstCallAfterMs: firstMs,
          firstOutcomeAfterMs: (first?.at ?? Number.POSITIVE_INFINITY) - upAt,
          settledAfterMs: settledMs,
        },
        faults: [
          ...faults,
          ...(failed === 0
            ? []
            : [`${failed} questions failed: ${outcomes.reasons.slice(0, 3).join(' | ')}`]),
          ...(boughtTwice === 0 ? [] : [`${boughtTwice} calls were bought twice`]),
          ...(bought === recorded ? [] : [`${bought} calls were bought, ${recorded} are recorded`]),
          ...(firstMs <= BACK_WITHIN_MS ? [] : [`it went on only ${firstMs} ms after the return`]),
          ...(boughtBefore > 0 ? [] : ['nothing was asked before the outage']),
        ],
      }
    })
  },
}
