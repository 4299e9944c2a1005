/** One call in a hundred hangs for sixty times as long as the others take. The others keep their rate. */
import { pause, quantile } from '../../measuring.ts'
import { type Application, withApplication } from '../application.ts'
import { audit } from '../audit.ts'
import { Load } from '../load.ts'
import { fixed } from '../profiles.ts'
import { rateOf } from '../rate.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface HangsSize {
  readonly pairs: number
  readonly questionsPerSecond: number
  /** The others take a sixtieth of it. */
  readonly hangMs: number
  readonly measuredMs: number
}

const HANGING = 0.01
const CALLS_PER_HANG = 60
const FALL_MAX = 0.05
const WITHIN_MS = 120_000

/**
 * Takes about thirteen minutes, because hanging calls must begin and end before each measurement. `--size '{"hangMs":12000}'` divides
 * all times by five. Questions come evenly, at two thirds of what two cores can do. So a question that waits for a hanging call
 * falls behind. The limit of calls in flight is not reached: otherwise hanging calls would take their share of it.
 */
export const hangs: Scenario<HangsSize> = {
  name: 'hangs',
  summary:
    '1 % of calls hang, time-out above it, five pairs with and without: the others keep 95 % of their rate',
  full: { pairs: 5, questionsPerSecond: 600, hangMs: 60_000, measuredMs: 18_000 },
  async run(size, place) {
    const environment = {
      APP_ID: applicationName('hangs'),
      REGEN_THRESHOLD: '0',
      MAX_IN_FLIGHT: '4000',
      LLM_TIMEOUT_MS: String(2 * size.hangMs),
    }
    const profile = { ...fixed(size.hangMs / CALLS_PER_HANG), hangMs: size.hangMs }
    return withApplication({ ...place, profile, pods: 1, environment }, async application => {
      const load = new Load(application, size.questionsPerSecond)
      await load.ask(1)
      await application.until(() => application.outcomes.all.length > 0, WITHIN_MS, 'the pod works')
      const times = size.pairs * 2
      const loaded = load.during(times * (size.hangMs + size.measuredMs))
      const kept: number[] = []
      for (let pair = 1; pair <= size.pairs; pair++) {
        const without = await othersPerSecond(application, 0, size)
        const during = await othersPerSecond(application, HANGING, size)
        kept.push(during / without)
        place.say(
          `pair ${pair}: without ${Math.round(without)}/s, with ${Math.round(during)}/s, kept ${kept.at(-1)?.toFixed(3)}`,
        )
      }
      await application.provider.behave({ hanging: 0 })
      await loaded
      await application.untilSettled(WITHIN_MS, place.say)
      const { faults, bought, recorded } = await audit(application)
      const share = quantile(kept, 0.5)
      return {
        figures: { bought, recorded, keptMedian: share, kept: kept.map(each => each.toFixed(3)).join(' ') },
        faults: [
          ...faults,
          ...(bought === recorded ? [] : [`${bought} calls were bought, ${recorded} are recorded`]),
          ...(share > 1 - FALL_MAX ? [] : [`the others kept ${share.toFixed(3)} of their rate`]),
        ],
      }
    })
  },
}

/**
 * Calls a second, the hanging ones included. When the measurement begins, earlier hanging calls have ended, or the present ones
 * have gathered.
 */
async function othersPerSecond(
  { provider }: Application,
  hanging: number,
  { hangMs, measuredMs }: HangsSize,
): Promise<number> {
  await provider.behave({ hanging })
  await pause(hangMs)
  const { callsPerSecond } = await rateOf(provider, undefined, measuredMs)
  return callsPerSecond
}
