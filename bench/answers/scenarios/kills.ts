/** Real questions while pods are killed: one outcome each. Calls in flight or not committed at a kill are bought again. */
import { realSystem } from '#core/system.ts'
import { quantile } from '../../measuring.ts'
import { withApplication } from '../application.ts'
import { audit, lostMs } from '../audit.ts'
import { ORDINARY } from '../profiles.ts'
import { questions } from '../questions.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface KillsSize {
  /** All of the file when left out. */
  readonly questions?: number
  readonly callTimeoutMs: number
  readonly everyMs: number
  readonly withinMs: number
}

const PODS = 2
/** The longest that an open commit cycle may be: a pod whose effects are older than half of it starts no calls. */
const CYCLE_MAX_MS = 2_000

export const kills: Scenario<KillsSize> = {
  name: 'kills',
  summary: 'end-to-end with a kill -9 of one of two pods every 10 s, restarted at once',
  // The 1,190 questions of the file, twenty times: asked only once, they would all be answered after two kills.
  full: { questions: 23_800, callTimeoutMs: 60_000, everyMs: 10_000, withinMs: 900_000 },
  async run(size, place) {
    const environment = {
      APP_ID: applicationName('kills'),
      MAX_IN_FLIGHT: '2000',
      LLM_TIMEOUT_MS: String(size.callTimeoutMs),
    }
    const options = { ...place, profile: ORDINARY, pods: PODS, environment }
    return withApplication(options, async application => {
      await application.ask(questions(size.questions))
      await application.until(() => application.outcomes.all.length > 0, size.withinMs, 'a first outcome')
      const killedAt: number[] = []
      const killing = setInterval(() => {
        const pod = application.pods[killedAt.length % PODS]
        killedAt.push(realSystem.now())
        void pod?.kill().then(() => pod.start())
      }, size.everyMs)
      try {
        await application.untilSettled(size.withinMs, place.say)
      } finally {
        clearInterval(killing)
      }
      const { faults, ...figures } = await audit(application)
      const { purchases, stats } = await application.provider.report()
      const lost = lostMs(purchases, killedAt)
      const late = lost.filter(ms => ms > CYCLE_MAX_MS).length
      return {
        figures: {
          ...figures,
          kills: killedAt.length,
          brokenOffAtKillsOrTimedOut: stats.abandoned,
          lostCycleP50Ms: quantile(lost, 0.5),
          lostCycleMinMs: quantile(lost, 0),
          lostCycleMaxMs: quantile(lost, 1),
        },
        faults: [
          ...faults,
          ...(late === 0
            ? []
            : [`${late} calls were bought again that were answered ${CYCLE_MAX_MS} ms before any kill`]),
          ...(killedAt.length > 0 ? [] : ['nothing was killed: too few questions']),
        ],
      }
    })
  },
}
