/**
 * How long a paid answer can still be lost, on Kafka: 2,000 answers a second of 1,000 calls in flight. It measures the time
 * from the answer of a step until its commit is done. It counts the answered calls that the next owner buys again after a kill -9.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { quantile } from '../measuring.ts'
import { PARTITIONS } from './workloads.ts'

const [broker = '127.0.0.1:19092', secondsText = '20', killsText = '5'] = process.argv.slice(2)
const CALL_MS = 500
const IN_FLIGHT = 1_000
const PER_SECOND = IN_FLIGHT / (CALL_MS / 1_000)
const BETWEEN_KILLS_MS = 6_000
/** Not measured: the time after the first answers of a pod, whose calls began together. */
const WARM_UP_MS = 3_000
/** Length of the input, which is written before the pod starts. */
const SECONDS_MAX = Number(secondsText) + (Number(killsText) + 1) * (BETWEEN_KILLS_MS / 1_000) + 10

/** Spread evenly: calls that take equally long end in bursts, as they began. */
const durationMs = () => CALL_MS * (0.5 + realSystem.random())
/** As long as a model's answer of some hundred words. */
const ANSWER = 'x'.repeat(2_000)
const HEADERS = { 'content-length': String(ANSWER.length) }

const application = `bench-durability-${Date.now().toString(36)}`

/** Which calls the provider has answered, and how many of those were asked for again. */
class Provider {
  readonly #answered = new Set<string>()
  /** Calls of a pod that was killed since they began are never answered. */
  #pod = 0
  boughtAgain = 0
  readonly server = createServer((request, response) => {
    const id = request.url ?? ''
    const pod = this.#pod
    request.resume()
    if (this.#answered.has(id)) this.boughtAgain++
    setTimeout(() => {
      if (pod !== this.#pod) return void response.destroy()
      response.writeHead(200, HEADERS).end(ANSWER)
      this.#answered.add(id)
    }, durationMs())
  })

  get answers(): number {
    return this.#answered.size
  }

  podKilled(): void {
    this.#pod++
  }
}

const provider = new Provider()
provider.server.keepAliveTimeout = 120_000
provider.server.listen(0, '127.0.0.1', 16_384)
await once(provider.server, 'listening')
const { port } = provider.server.address() as AddressInfo // It listens on a port.

const log = await openKafkaLog({ brokers: [broker], clientId: 'bench-feed', system: realSystem })
const topic = `${application}.in`
await log.createTopics([{ name: topic, partitions: PARTITIONS, compacted: false, retentionMs: undefined }])
for (let second = 0; second < SECONDS_MAX; second++)
  await log.append(
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic,
      partition,
      records: Array.from({ length: PER_SECOND / PARTITIONS }, (__, n) => ({
        key: null,
        value: Buffer.from(`"${partition}-${second}-${n}"`),
        headers: {},
        timestamp: Date.now(),
      })),
    })),
  )

let delays: number[] = []
let perSecond = 0

function start(): ChildProcess {
  const file = `${import.meta.dirname}/durability-pod.ts`
  const argv = [application, broker, `http://127.0.0.1:${port}`, String(IN_FLIGHT)]
  const child = spawn(process.execPath, [...process.execArgv, file, ...argv], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  child.on('message', message => {
    delays = message as number[] // The pod sends nothing else.
  })
  return child
}

async function answering(): Promise<void> {
  const before = provider.answers
  while (provider.answers < before + IN_FLIGHT) await pause(20)
  await pause(WARM_UP_MS)
}

let pod = start()
await answering()
const before = provider.answers
const began = performance.now()
pod.send('measure')
await pause(Number(secondsText) * 1_000)
perSecond = ((provider.answers - before) / (performance.now() - began)) * 1_000
pod.send('report')
await once(pod, 'message')
const ms = (share: number) => `${quantile(delays, share).toFixed(1)} ms`
console.log(
  `${Math.round(perSecond).toLocaleString('en')} answers/s: from answer to durable p50 ${ms(0.5)}, p90 ${ms(0.9)}, p99 ${ms(0.99)}, most ${ms(1)}`,
)

const again: number[] = []
for (let kill = 0; kill < Number(killsText); kill++) {
  const ended = once(pod, 'exit')
  pod.kill('SIGKILL')
  provider.podKilled()
  await ended
  const bought = provider.boughtAgain
  pod = start()
  await answering()
  again.push(provider.boughtAgain - bought)
}
console.log(`kill -9, answered calls bought again: ${again.join(', ')}`)
pod.kill('SIGTERM')
await once(pod, 'exit')
await log.close()
provider.server.closeAllConnections()
provider.server.close()
