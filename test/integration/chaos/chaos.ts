/**
 * Faults of every kind at random, for as long as asked: `npm run chaos -- --minutes N [--seed X] [--brokers 1|3]`. The
 * schedule comes from the seed; what meets it does not, so a seed repeats the faults and not the run. Ends with 1 when an
 * answer was lost or doubled, or when the state is not what the questions make of it; what was bought twice it tells.
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '#testing/seeded-random.ts'
import { Cluster } from '../faults/cluster.ts'
import { KafkaProxy, type ProxyOptions } from '../faults/proxy.ts'
import { Rig, USUAL, type Verdict } from '../faults/rig.ts'
import { ChaosSchedule } from './schedule.ts'

const PROXY_DELAY_MS = 1_000
const RECORDS_PER_SECOND = 300
/** For the last answers, once the faults have ended. */
const ANSWERED_WITHIN_MS = 180_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    brokers: { type: 'string', default: '3' },
  },
})
const [minutes, seed, brokers] = [Number(values.minutes), Number(values.seed), Number(values.brokers)]
if (!(minutes > 0) || !Number.isInteger(seed) || ![1, 3].includes(brokers)) {
  console.error('usage: npm run chaos -- --minutes N [--seed X] [--brokers 1|3]')
  process.exit(2)
}
console.log(`chaos for ${minutes} minutes, seed ${seed}, ${brokers} broker(s)`)

const cluster = await Cluster.start('chaos', brokers)
const random = seededRandom(seed)
let troubleFor: ProxyOptions['troubleFor'] = () => undefined
const proxies = cluster.proxies.map(
  each => new KafkaProxy({ ...each, troubleFor: api => troubleFor(api), delayMs: PROXY_DELAY_MS }),
)
try {
  await Promise.all(proxies.map(each => each.start()))
  const records = Math.ceil(minutes * 60 * RECORDS_PER_SECOND)
  const name = `chaos-${seed}`
  const rig = await Rig.open({
    ...USUAL,
    cluster,
    name,
    records,
    perSecond: RECORDS_PER_SECOND,
    proxies,
  })
  try {
    const schedule = new ChaosSchedule(rig, random, text => {
      rig.say(text)
      console.log(`${new Date().toISOString()} ${text}`)
    })
    troubleFor = api => schedule.troubleFor(api)
    await schedule.run(minutes * 60_000)
    process.exitCode = tell(await rig.finish(ANSWERED_WITHIN_MS)) ? 0 : 1
  } finally {
    await rig.close()
  }
} finally {
  await Promise.all(proxies.map(each => each.stop()))
  await cluster.stop()
}

function tell({ outcomes, differences, bill }: Verdict): boolean {
  const { questions, lost, doubled } = outcomes
  console.log(`${questions} questions: ${lost.length} lost, ${doubled.length} doubled`)
  console.log(
    `${bill.calls} calls: ${bill.boughtTwice} bought twice, ${bill.unexplained.length} of them without a fault`,
  )
  for (const { fault, inFlight, again, answeredAgain } of bill.faults) {
    console.log(
      `  ${fault.kind} ${fault.pod}: ${inFlight} in flight, ${again} again, ${answeredAgain} answered before`,
    )
  }
  for (const each of differences.slice(0, 20)) console.log(`  ${each}`)
  const isRight = lost.length === 0 && doubled.length === 0 && differences.length === 0
  console.log(isRight ? 'exactly once' : `NOT exactly once; seed ${seed}`)
  return isRight
}
