/**
 * Faults of every kind at random, for as long as asked: `npm run chaos -- --minutes N [--seed X] [--brokers 1|3] [--json]`.
 * The schedule comes from the seed, and the run does not. So a seed repeats the faults and not the run. Ends with 1 if one of these
 * is true:
 *
 * - An answer was lost or doubled.
 * - The state is not the one that follows from the questions.
 * - A call was bought twice, and no fault explains it.
 * - Outputs of a partition did not flow again within 10 s after the end of the last fault.
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '#testing/seeded-random.ts'
import { Cluster } from '../faults/cluster.ts'
import { Network } from '../faults/network.ts'
import { Rig, USUAL } from '../faults/rig.ts'
import { reportOf, tell } from './report.ts'
import { LostMessages, RoundPlayer } from './round-player.ts'
import { drawSchedule } from './schedule.ts'

const PROXY_DELAY_MS = 1_000
const RECORDS_PER_SECOND = 300
const BACKLOG_PODS = ['backlog-1', 'backlog-2']
/** Without one answer more, once the faults have ended: what is missing then is lost. A backlog is not. */
const STALLED_AFTER_MS = 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    brokers: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const [minutes, seed, brokers] = [Number(values.minutes), Number(values.seed), Number(values.brokers)]
if (!(minutes > 0) || !Number.isInteger(seed) || ![1, 3].includes(brokers)) {
  console.error('usage: npm run chaos -- --minutes N [--seed X] [--brokers 1|3] [--json]')
  process.exit(2)
}
const durationMs = minutes * 60_000
const schedule = drawSchedule(seededRandom(seed), durationMs, brokers)
const say = (text: string) => console.error(text)
say(`chaos for ${minutes} minutes, seed ${seed}, ${brokers} broker(s), ${schedule.length} rounds`)

const cluster = await Cluster.start('chaos', brokers)
const messages = new LostMessages()
const network = new Network(cluster.proxies, { troubleFor: () => messages.for(), delayMs: PROXY_DELAY_MS })
try {
  await network.start()
  const rig = await Rig.open({
    ...USUAL,
    cluster,
    name: `chaos-${seed}`,
    // Until it is stopped: how long restarts take is not of the seed.
    records: Number.MAX_SAFE_INTEGER,
    perSecond: RECORDS_PER_SECOND,
    proxies: network.proxies,
  })
  try {
    const player = new RoundPlayer(rig, network, messages, text => {
      rig.say(text)
      say(`${new Date().toISOString()} ${text}`)
    })
    await player.begin()
    for (const round of schedule) await player.play(round)
    await rig.load.stop()
    say('no more faults and no more questions')
    // The schedule may have left one pod, and a backlog.
    for (const name of BACKLOG_PODS) rig.startPod(name)
    const loadedUntil = Date.now()
    const verdict = await rig.finish(STALLED_AFTER_MS)
    const report = await reportOf({ seed, schedule, rig, verdict, faults: player.done, loadedUntil })
    tell(report, values.json)
    process.exitCode = report.holds ? 0 : 1
  } finally {
    await rig.close()
  }
} finally {
  await network.stop()
  await cluster.stop()
}
