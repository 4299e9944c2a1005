/**
 * Torn transactions under pods that are processes. A proxy keeps the marker of one partition back, and the only broker
 * completes the transaction all the same. The chains of all keys show what was lost, doubled or swept along.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stackRuns } from '../stack.ts'
import { behindProxy, Cluster } from './cluster.ts'
import { MarkerProxy } from './marker-proxy.ts'
import { type Rig, SESSION_MS } from './rig.ts'
import { judge, report } from './scenario.ts'
import { pause, until } from './until.ts'

const CLUSTER_WITHIN_MS = 90_000
const SCENARIO_WITHIN_MS = 480_000
const SETTLE_MS = 3_000
const KEPT_WITHIN_MS = 20_000
const SPREAD_WITHIN_MS = 30_000
const ANSWERS_WITHIN_MS = SESSION_MS + 5_000
/** The partition whose markers are kept back. */
const TORN = 3
const runs = process.env.REQUIRE_STACK === '1' || (await stackRuns('kafka'))

describe.skipIf(!runs)('a pod with a torn transaction', () => {
  let cluster: Cluster
  let proxy: MarkerProxy

  beforeAll(async () => {
    cluster = await Cluster.start('torn', 1, behindProxy('torn'))
    const [{ listens, broker } = { listens: 0, broker: 0 }] = cluster.proxies
    proxy = new MarkerProxy(listens, broker)
    await proxy.start()
  }, CLUSTER_WITHIN_MS)

  afterAll(async () => {
    await proxy.stop()
    await cluster.stop()
  })

  const forms: Readonly<Record<string, (rig: Rig, owner: string) => Promise<void>>> = {
    'goes on': async () => proxy.release(),
    'goes on after its connections were cut': async () => proxy.cut(),
    'is killed and comes back under its name': async (rig, owner) => {
      await rig.killPod(owner)
      proxy.cut()
      rig.startPod(owner)
    },
    'is killed, and the other pods take over its tasks': async (rig, owner) => {
      await rig.killPod(owner)
      proxy.cut()
    },
  }

  it.for(Object.entries(forms))('%s', { timeout: SCENARIO_WITHIN_MS }, async ([form, play]) => {
    const answersAgainMs: number[] = []
    const scenario = {
      name: `torn transactions: the pod ${form}`,
      options: { perSecond: 300, records: 8_000 },
      async play(rig: Rig) {
        await rig.startPods(['a', 'b'])
        rig.begin()
        for (const topic of tornTopics(rig)) {
          await pause(SETTLE_MS)
          const owner = ownerOf(rig)
          await torn(rig, `${topic}/${TORN}`)
          await play(rig, owner)
          answersAgainMs.push(await answersAgain(rig))
          if (!rig.living.some(each => each.name === owner)) rig.startPod(owner)
          await rig.untilSpread(SPREAD_WITHIN_MS)
        }
      },
      check(_: unknown, rig: Rig) {
        report('', { form, answersAgainMs })
        rig.atMost(
          'until the torn partition has answers again, ms',
          Math.max(...answersAgainMs),
          ANSWERS_WITHIN_MS,
        )
        expect(rig.lives.some(each => each.hasFailed)).toBe(false)
      },
    }
    await judge(scenario, cluster, `torn-${Object.keys(forms).indexOf(form)}`)
  })

  /** Returns once a commit of the partition's owner was completed without this marker. */
  async function torn(rig: Rig, partition: string): Promise<void> {
    const kept = proxy.kept
    proxy.stalls = true
    proxy.keeps.add(partition)
    await until(`a marker of ${partition} is kept back`, () => proxy.kept > kept, KEPT_WITHIN_MS)
    rig.say(`torn: ${partition}`)
  }
})

/** Where the outputs of the task go, and where its state is. */
function tornTopics(rig: Rig): readonly string[] {
  const { plan, options } = rig
  return [`${options.name}.answers`, ...plan.stages.map(each => each.stateTopic)]
}

function ownerOf(rig: Rig): string {
  const owner = rig.living.find(each => each.tasksAt(Date.now()).has(TORN))
  if (!owner) throw new TypeError(`nobody runs partition ${TORN}`)
  return owner.name
}

async function answersAgain(rig: Rig): Promise<number> {
  const since = Date.now()
  const isAnswering = () => rig.outputs.seen.some(each => each.partition === TORN && each.at > since)
  await until(`partition ${TORN} has answers again`, isAnswering, 4 * ANSWERS_WITHIN_MS)
  return Date.now() - since
}
