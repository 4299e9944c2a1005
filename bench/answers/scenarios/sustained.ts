/** Calls a second through the pipeline against the same calls without it, in turn, on the same machine in the same minutes. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pause, quantile } from '../../measuring.ts'
import { type Application, withApplication } from '../application.ts'
import { audit } from '../audit.ts'
import { Backlog } from '../backlog.ts'
import { fixed } from '../profiles.ts'
import { type Rate, rateOf, told } from '../rate.ts'
import { applicationName, type Scenario } from '../scenario.ts'

export interface SustainedSize {
  readonly inFlightMax: number
  readonly rounds: number
  readonly rampUpMs: number
  readonly measuredMs: number
}

const MODEL_MS = 1_000
const SHARE_MIN = 0.8
const WITHIN_MS = 120_000
const CONTESTANT = fileURLToPath(new URL('../sdk-contestant.ts', import.meta.url))

export const sustained: Scenario<SustainedSize> = {
  name: 'sustained',
  summary: 'one pod, model 1 s fixed, generate and judge: at least 80 % of the same calls without the engine',
  full: { inFlightMax: 2_000, rounds: 3, rampUpMs: 15_000, measuredMs: 20_000 },
  async run(size, place) {
    const environment = {
      APP_ID: applicationName('sustained'),
      MAX_IN_FLIGHT: String(size.inFlightMax),
      // Every answer is good enough: two calls a question for both.
      REGEN_THRESHOLD: '0',
    }
    const options = { ...place, profile: fixed(MODEL_MS), pods: 1, environment }
    return withApplication(options, async application => {
      using backlog = new Backlog(application, 4 * size.inFlightMax)
      const shares: number[] = []
      for (let round = 1; round <= size.rounds; round++) {
        const engine = await byEngine(application, size)
        const alone = await bySdk(application, size)
        shares.push(engine.callsPerSecond / alone.callsPerSecond)
        place.say(
          `round ${round}: engine ${told(engine)}; SDK alone ${told(alone)}; share ${shares.at(-1)?.toFixed(2)}`,
        )
      }
      backlog.end()
      application.pods[0]?.start()
      await application.untilSettled(10 * WITHIN_MS, place.say)
      const { faults } = await audit(application)
      const share = quantile(shares, 0.5)
      return {
        figures: {
          questions: application.asked.size,
          shareMedian: share,
          shares: shares.map(each => each.toFixed(2)).join(' '),
        },
        faults: [...faults, ...(share >= SHARE_MIN ? [] : [`the share is ${share.toFixed(2)}`])],
      }
    })
  },
}

/** The pod runs alone, and hands over before the other contestant begins. */
async function byEngine(application: Application, { rampUpMs, measuredMs }: SustainedSize): Promise<Rate> {
  const [pod] = application.pods
  if (!pod?.isRunning) pod?.start()
  const before = application.outcomes.all.length
  await application.until(() => application.outcomes.all.length > before, WITHIN_MS, 'the pod works')
  await pause(rampUpMs)
  const rate = await rateOf(application.provider, pod?.pid, measuredMs)
  await pod?.stop()
  return rate
}

async function bySdk(
  { provider }: Application,
  { inFlightMax, rampUpMs, measuredMs }: SustainedSize,
): Promise<Rate> {
  const child: ChildProcess = fork(CONTESTANT, [provider.url, String(inFlightMax)], { execArgv: [] })
  await pause(rampUpMs)
  const rate = await rateOf(provider, child.pid, measuredMs)
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
  return rate
}
