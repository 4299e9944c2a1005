/** Brokers that die: the log is away for a while, and afterwards everything goes on where it was. */
import { expect } from 'vitest'
import { inFlight } from '../../pods/model-bill.ts'
import { longestGapMs } from '../pauses.ts'
import { type Rig, SESSION_MS, type Verdict } from '../rig.ts'
import { report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

const SETTLE_MS = 4_000
/** Of the calls in flight when one of three brokers dies, this share may be bought again. */
const BOUGHT_AGAIN_SHARE = 0.05

interface Outage {
  readonly node: number
  readonly diedAt: number
  readonly backAt: number
}

export const onlyBroker: Scenario = {
  name: 'kill -9 and restart of the only broker',
  play: rig => loseBrokers(rig, [1, 1]),
  check(verdict, rig) {
    const running = expectRecovery(verdict, rig)
    // None, as long as all members are back before the group gives out tasks; else what one had not committed when all died.
    expect.soft(verdict.bill.boughtTwice, 'calls bought twice').toBeLessThanOrEqual(running)
  },
}

export const oneOfThree: Scenario = {
  name: 'kill -9 and restart of each broker of three',
  options: { perSecond: 400 },
  play: rig => loseBrokers(rig, [1, 2, 3]),
  check(verdict, rig) {
    const { boughtTwice } = verdict.bill
    const running = expectRecovery(verdict, rig)
    expect
      .soft(boughtTwice, `bought twice of ${running} in flight`)
      .toBeLessThan(running * BOUGHT_AGAIN_SHARE)
  },
}

const outages = new WeakMap<Rig, Outage[]>()

async function loseBrokers(rig: Rig, nodes: readonly number[]): Promise<void> {
  const { cluster } = rig.options
  const suffered: Outage[] = []
  outages.set(rig, suffered)
  await rig.startPods(['a', 'b', 'c'])
  rig.begin()
  for (const node of nodes) {
    await pause(SETTLE_MS)
    const diedAt = Date.now()
    rig.say(`kill broker ${node}`)
    cluster.killBroker(node)
    await pause(1_000)
    await cluster.startBroker(node)
    suffered.push({ node, diedAt, backAt: Date.now() })
    rig.say(`broker ${node} answers again`)
    // The others must have caught up with it before the next one dies.
    await pause(SETTLE_MS)
  }
}

/** Answers come again soon after the broker is back. Returns how many calls were in flight at the deaths. */
function expectRecovery({ calls }: Verdict, rig: Rig): number {
  const seen = rig.outputs.seen.map(each => each.at)
  const figures = (outages.get(rig) ?? []).map(({ node, diedAt, backAt }) => ({
    node,
    awayMs: backAt - diedAt,
    silentMs: longestGapMs(seen, { from: diedAt, to: backAt + SESSION_MS + 2_000 }),
    inFlight: rig.lives.reduce((sum, { incarnation }) => sum + inFlight(calls, incarnation, diedAt), 0),
  }))
  report('', { figures })
  for (const { awayMs, silentMs } of figures) {
    rig.atMost('silence of the outputs, ms', silentMs, awayMs + SESSION_MS + 2_000)
  }
  return figures.reduce((sum, each) => sum + each.inFlight, 0)
}
