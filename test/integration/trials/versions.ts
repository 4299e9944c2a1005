/**
 * Two versions of a graph, the later with a stage more, are rolled forth and back over three pods under load. Both run side by
 * side while a roll is under way. The stage that only the later one has makes paid calls too.
 */
import { Cluster } from '../faults/cluster.ts'
import { Rig, USUAL } from '../faults/rig.ts'
import { pause, until } from '../faults/until.ts'
import { AUDIT_ROUND } from '../pods/audit.ts'
import { Complaints, complainOf, type Trial } from './outcome.ts'

const PODS = ['a', 'b', 'c']
const SETTLE_MS = 3_000
const SPREAD_WITHIN_MS = 30_000
const AUDITED_WITHIN_MS = 60_000
const STALLED_AFTER_MS = 120_000
const PER_SECOND = 400

export const versions: Trial = {
  forms: ['forth-and-back'],
  async run(form) {
    const cluster = await Cluster.start('one', 1)
    const rig = await Rig.open({
      ...USUAL,
      cluster,
      name: `versions-${form}`,
      records: Number.MAX_SAFE_INTEGER,
      perSecond: PER_SECOND,
    })
    const complaints = new Complaints()
    try {
      await rig.startPods(PODS)
      rig.begin()
      await pause(SETTLE_MS)
      // At the end the later version does what was left to it.
      for (const isLater of [true, false, true]) {
        for (const name of PODS) {
          await rig.pod(name).stop()
          rig.startPod(name, { hasAudit: isLater })
          await rig.untilSpread(SPREAD_WITHIN_MS).catch(error => complaints.list.push(String(error)))
          await pause(SETTLE_MS)
        }
      }
      await rig.load.stop()
      const { loaded } = rig.load
      const audited = async () => (await rig.calls()).filter(each => each.round === AUDIT_ROUND)
      let count = 0
      const counting = setInterval(() => void audited().then(calls => (count = calls.length)), 1_000)
      await until('every answer is audited', () => count >= loaded, AUDITED_WITHIN_MS).catch(error =>
        complaints.list.push(`${error}: ${count} of ${loaded}`),
      )
      clearInterval(counting)
      const verdict = await rig.finish(STALLED_AFTER_MS)
      complainOf(verdict, complaints)
      const { boughtTwice, calls } = verdict.bill
      complaints.atMost('calls bought twice', boughtTwice, 0)
      const said = (level: string) =>
        rig.lives.flatMap(each =>
          each.messages.flatMap(one => (one.type === 'log' && one.level === level ? [one.message] : [])),
        )
      complaints.unless(
        said('error').length === 0,
        `errors were logged: ${[...new Set(said('error'))].slice(0, 5)}`,
      )
      return {
        figures: {
          ...{ questions: verdict.outcomes.questions, calls, boughtTwice, audited: count },
          ...{ podLives: rig.lives.length, warnings: [...new Set(said('warn'))].slice(0, 10) },
        },
        complaints: complaints.list,
      }
    } finally {
      await rig.close()
      await cluster.stop()
    }
  },
}
