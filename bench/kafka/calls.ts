/** Slow HTTP calls on Kafka: the engine, exactly once, against a hand-written loop, at least once, in turn; both through undici. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { PARTITIONS } from './workloads.ts'

interface Measured {
  readonly callsPerSecond: number
  readonly cpuMsPerCall: number
}

const LATENCY_MS = 500
const IN_FLIGHT = 4_000
const [broker = '127.0.0.1:19092', totalText = '40000', roundsText = '3'] = process.argv.slice(2)
const total = Number(totalText)
const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const stamp = Date.now().toString(36)

const server = spawn(process.execPath, [fileOf('./call-server.ts'), String(LATENCY_MS)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [address] = await once(server.stdout, 'data')
const log = await openKafkaLog({ brokers: [broker], clientId: 'bench-feed', system: realSystem })
const topic = (name: string) => ({ name, partitions: PARTITIONS, compacted: false, retentionMs: undefined })
const input = `bench.${stamp}.questions`
await log.createTopics([topic(input)])
const records = Array.from({ length: total / PARTITIONS }, (_, n) => ({
  key: null,
  value: Buffer.from(JSON.stringify(`question ${n}`)),
  headers: {},
  timestamp: Date.now(),
}))
for (let partition = 0; partition < PARTITIONS; partition++)
  await log.append([{ topic: input, partition, records }])

const ratios: number[] = []
for (let round = 1; round <= Number(roundsText); round++) {
  const engine = await contend('engine', round)
  const hand = await contend('by-hand', round)
  ratios.push(engine.callsPerSecond / hand.callsPerSecond)
  console.log(
    `round ${round}: engine ${show(engine)}; by hand ${show(hand)}; ratio ${ratios.at(-1)?.toFixed(2)}`,
  )
}
console.log(
  `ratio, median of ${ratios.length}: ${ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]?.toFixed(2)}`,
)
await log.close()
server.kill()

async function contend(who: string, round: number): Promise<Measured> {
  const output = `bench.${stamp}.${who}.${round}.answers`
  await log.createTopics([topic(output)])
  const url = String(address).trim()
  const argv = [
    fileOf('./calls-contestant.ts'),
    who,
    broker,
    url,
    String(total),
    String(IN_FLIGHT),
    input,
    output,
  ]
  const { stdout } = await promisify(execFile)(process.execPath, argv)
  return JSON.parse(stdout) as Measured // Printed by the contestant.
}

function show({ callsPerSecond, cpuMsPerCall }: Measured): string {
  return `${Math.round(callsPerSecond).toLocaleString('en')} calls/s, ${cpuMsPerCall.toFixed(3)} ms CPU a call`
}
