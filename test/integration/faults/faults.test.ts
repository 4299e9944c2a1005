/**
 * Exactly once under faults, on real brokers and with pods as processes. One scenario after the other: they measure times.
 * `npx vitest run test/integration/faults -t "rolling"` plays one; FAULT_RECORDS=4000 makes the load lighter;
 * FAULT_SLOW_MS=600000 -t "very long" plays a call of ten minutes among others.
 */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { stackRuns } from '../stack.ts'
import { Cluster } from './cluster.ts'
import { judge, type Scenario } from './scenario.ts'
import { oneOfThree, onlyBroker } from './scenarios/brokers.ts'
import { lostGroupMessages, lostMessages } from './scenarios/lost-messages.ts'
import { frozenPods, killedOnlyPod, killedPods } from './scenarios/lost-pods.ts'
import { rollingRestart, scaled } from './scenarios/scaling.ts'
import { partitionsCost, SLOW_MS, slowCall } from './scenarios/steady.ts'

const CLUSTER_WITHIN_MS = 90_000
/** Twice, where a bound of time was not kept. */
const SCENARIO_WITHIN_MS = 480_000 + 2 * SLOW_MS
// The test starts its own brokers, so the stack's brokers only show whether such tests run on this machine.
const runs = process.env.REQUIRE_STACK === '1' || (await stackRuns('kafka'))

function describeFaults(name: 'one' | 'three', brokers: number, scenarios: readonly Scenario[]): void {
  describe.skipIf(!runs)(`on ${name} of the test's own brokers`, () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await Cluster.start(name, brokers)
    }, CLUSTER_WITHIN_MS)
    afterAll(() => cluster.stop())
    scenarios.forEach((scenario, index) => {
      it(scenario.name, () => judge(scenario, cluster, `${name}-${index}`), SCENARIO_WITHIN_MS)
    })
  })
}

describeFaults('one', 1, [
  killedPods,
  killedOnlyPod,
  frozenPods,
  scaled,
  rollingRestart,
  lostMessages,
  lostGroupMessages,
  slowCall,
  ...partitionsCost,
  onlyBroker,
])
describeFaults('three', 3, [oneOfThree])
