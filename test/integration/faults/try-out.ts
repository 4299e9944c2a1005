/** scratch */
import { Cluster } from './cluster.ts'
import { Rig, USUAL } from './rig.ts'
import { pause } from './until.ts'

const cluster = await Cluster.start('one', 1)
const rig = await Rig.open({ ...USUAL, cluster, name: 'try', records: Number(process.argv[2] ?? 3000) })
try {
  await rig.startPods(['a', 'b', 'c'])
  console.log(
    'spread',
    rig.living.map(p => [...p.tasksAt(Date.now())]),
  )
  rig.begin()
  await pause(2000)
  const t = Date.now()
  const verdict = await rig.finish(60_000)
  console.log(Date.now() - t, {
    lost: verdict.outcomes.lost.length,
    doubled: verdict.outcomes.doubled.length,
    q: verdict.outcomes.questions,
    diff: verdict.differences.slice(0, 5),
    bill: verdict.bill,
  })
} finally {
  await rig.close()
  await cluster.stop()
}
