/** Keyed count exactly once on Kafka: the engine against a hand-written loop that writes the same, in turn, same input. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { type CountTopics, feedCount, PARTITIONS, type Steady } from './workloads.ts'

interface Measured extends Steady {
  readonly cpuMs: number
  readonly rss: number
}

const [broker = '127.0.0.1:19092', totalText = '1000000', roundsText = '3'] = process.argv.slice(2)
const total = Number(totalText)
const contestant = fileURLToPath(new URL('./count-contestant.ts', import.meta.url))
const stamp = Date.now().toString(36)

const log = await openKafkaLog({ brokers: [broker], clientId: 'bench-feed', system: realSystem })
const topic = (name: string, compacted = false) => ({
  name,
  partitions: PARTITIONS,
  compacted,
  retentionMs: undefined,
})
const input = `bench.${stamp}.events`
await log.createTopics([topic(input)])
await feedCount(log, input, total)
const ratios: number[] = []
for (let round = 1; round <= Number(roundsText); round++) {
  const engine = await contend('engine', round)
  const hand = await contend('by-hand', round)
  ratios.push(rate(engine) / rate(hand))
  console.log(
    `round ${round}: engine ${show(engine)}; by hand ${show(hand)}; ratio ${ratios.at(-1)?.toFixed(2)}`,
  )
}
console.log(
  `ratio, median of ${ratios.length}: ${ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]?.toFixed(2)}`,
)
await log.close()

async function contend(who: string, round: number): Promise<Measured> {
  const topics: CountTopics = {
    input,
    output: `bench.${stamp}.${who}.${round}.out`,
    changelog: `bench.${stamp}.${who}.${round}.changelog`,
  }
  await log.createTopics(
    who === 'engine' ? [topic(topics.output)] : [topic(topics.output), topic(topics.changelog, true)],
  )
  const argv = [contestant, who, broker, String(total), JSON.stringify(topics)]
  const { stdout } = await promisify(execFile)(process.execPath, argv)
  return JSON.parse(stdout) as Measured // Printed by the contestant.
}

function rate({ records, ms }: Steady): number {
  return (records / ms) * 1_000
}

function show(measured: Measured): string {
  const cpu = ((measured.cpuMs / total) * 1_000).toFixed(1)
  return `${Math.round(rate(measured)).toLocaleString('en')} records/s, ${cpu} us CPU a record, ${Math.round(measured.rss / 1e6)} MB`
}
