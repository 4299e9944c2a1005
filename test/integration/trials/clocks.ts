/** The wall clocks of all pods are stepped under load while they are cut off, so that their producers are replaced meanwhile. */
import { type Done, recoveries } from '../chaos/stuck.ts'
import { Cluster } from '../faults/cluster.ts'
import { Network } from '../faults/network.ts'
import { Rig, USUAL } from '../faults/rig.ts'
import { pause } from '../faults/until.ts'
import { Complaints, complainOf, type Trial } from './outcome.ts'

/** Against the right time; so each way is stepped there and back. */
const OFF_SECONDS = [-3_600, 0, -600, 0, 3_600, 0]
const PODS = ['a', 'b', 'c']
const SETTLE_MS = 4_000
/** Longer than a request may take, so that commits end without an answer. */
const CUT_MS = 4_000
const FLOWS_WITHIN_MS = 10_000
const STALLED_AFTER_MS = 120_000

export const clocks: Trial = {
  /** What the pods miss while they are cut off: answers alone, so that commits are done and not known of; or everything. */
  forms: ['answers', 'both', 'refused'],
  async run(form) {
    const cut = form === 'answers' || form === 'both' ? form : 'refused'
    const cluster = await Cluster.start('one', 1)
    const network = new Network(cluster.proxies, { troubleFor: () => undefined, delayMs: 0 })
    await network.start()
    const rig = await Rig.open({
      ...USUAL,
      cluster,
      name: `clocks-${form}`,
      records: Number.MAX_SAFE_INTEGER,
      proxies: network.proxies,
    })
    try {
      await rig.startPods(PODS)
      rig.begin()
      const steps: Done[] = []
      for (const offSeconds of OFF_SECONDS) {
        await pause(SETTLE_MS)
        const from = Date.now()
        for (const each of PODS) rig.pod(each).stepClock(offSeconds * 1_000)
        const heal = network.impair({ cut })
        await pause(CUT_MS)
        heal()
        steps.push({
          ...{ kind: 'clockStepped', at: 0, forMs: CUT_MS, slot: 0, offSeconds, cut },
          ...{ from, to: Date.now() },
        })
        await pause(FLOWS_WITHIN_MS)
      }
      await rig.load.stop()
      const until = Date.now()
      const verdict = await rig.finish(STALLED_AFTER_MS)
      const flows = recoveries(steps, rig.outputs.seen, rig.options.partitions, until)
      const complaints = new Complaints()
      complainOf(verdict, complaints)
      for (const { fault, afterMs, partition } of flows) {
        const off = fault.kind === 'clockStepped' ? fault.offSeconds : 0
        complaints.atMost(
          `partition ${partition} flows again, ms, clock off by ${off} s`,
          afterMs,
          FLOWS_WITHIN_MS,
        )
      }
      const { questions } = verdict.outcomes
      const producersReplaced = rig.lives.flatMap(({ messages }) =>
        messages.filter(each => each.type === 'commitFailed'),
      ).length
      complaints.unless(producersReplaced > 0, 'no commit failed, so no producer was replaced')
      return {
        figures: {
          ...{ questions, boughtTwice: verdict.bill.boughtTwice, producersReplaced },
          flowsAgainMs: flows.map(({ afterMs }) => afterMs),
        },
        complaints: complaints.list,
      }
    } finally {
      await rig.close()
      await network.stop()
      await cluster.stop()
    }
  },
}
