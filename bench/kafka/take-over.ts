/**
 * How long outputs pause on Kafka when a pod is killed and when one joins, as a reader of the outputs sees it. For partitions that
 * move: until the first output of another pod. For partitions that stay: the longest pause.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { asText } from '#core/codec.ts'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { PARTITIONS } from './workloads.ts'

const [broker = '127.0.0.1:19092'] = process.argv.slice(2)
const SESSION_MS = 6_000
const PER_SECOND = 400
const TICK_MS = 10
const SETTLE_MS = 5_000
const WATCH_MS = 12_000
const POLL_MS = 50

interface Output {
  /** Partition of the input, which is the number of the task. */
  readonly partition: number
  readonly pod: string
  readonly at: number
}

const application = `bench-take-over-${Date.now().toString(36)}`
const log = await openKafkaLog({ brokers: [broker], clientId: 'bench', system: realSystem })
const topics = [`${application}.in`, `${application}.out`]
await log.createTopics(
  topics.map(name => ({ name, partitions: PARTITIONS, compacted: false, retentionMs: undefined })),
)
const outputs: Output[] = []
const pods = new Map<string, ChildProcess>()

function start(name: string): void {
  const program = `${import.meta.dirname}/take-over-pod.ts`
  const args = [program, application, name, broker, String(SESSION_MS)]
  pods.set(name, spawn(process.execPath, args, { stdio: 'inherit' }))
}

async function follow(partition: number): Promise<void> {
  const reader = log.openReader({ topic: `${application}.out`, partition }, 0)
  for (;;) {
    const fetched = await reader.next(1_000).catch(() => undefined)
    if (!fetched) return
    for (const { value } of fetched.records)
      if (value) outputs.push({ ...JSON.parse(asText(value)), at: performance.now() })
  }
}

let isFeeding = true
async function feed(): Promise<void> {
  const began = performance.now()
  for (let sent = 0; isFeeding; await pause(TICK_MS)) {
    const due = Math.floor(((performance.now() - began) / 1_000) * PER_SECOND)
    const batches = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: `${application}.in`,
      partition,
      records: Array.from({ length: Math.floor((due - sent) / PARTITIONS) }, () => ({
        key: null,
        value: Buffer.from(String(partition)),
        headers: {},
        timestamp: Date.now(),
      })),
    }))
    sent += PARTITIONS * Math.floor((due - sent) / PARTITIONS)
    if (batches[0]?.records.length) await log.append(batches)
  }
}

/** Who made the latest output of each partition. */
function owners(): Map<number, string> {
  return new Map(outputs.map(({ partition, pod }) => [partition, pod]))
}

async function spread(podsWanted: number): Promise<void> {
  const isSpread = () => owners().size === PARTITIONS && new Set(owners().values()).size === podsWanted
  while (!isSpread()) await pause(POLL_MS)
  await pause(SETTLE_MS)
}

/** What a change has cost, once it is over. */
async function watch(what: string, change: () => void): Promise<void> {
  const before = owners()
  const from = performance.now()
  change()
  await pause(WATCH_MS)
  const after = owners()
  const moved: number[] = []
  const stayed: number[] = []
  for (const [partition, pod] of before) {
    const seen = outputs.filter(each => each.partition === partition && each.at > from)
    const next = seen.find(each => each.pod !== pod)
    if (after.get(partition) !== pod) moved.push(next ? next.at - from : Number.POSITIVE_INFINITY)
    else stayed.push(longestPause(seen, from))
  }
  const worst = (times: readonly number[]) => `${Math.max(0, ...times).toFixed(0)} ms`
  console.log(
    `${what}: ${moved.length} tasks moved, first output of another pod after at most ${worst(moved)}; ` +
      `${stayed.length} stayed, longest pause ${worst(stayed)}`,
  )
}

function longestPause(seen: readonly Output[], from: number): number {
  let longest = 0
  let last = from
  for (const { at } of seen) {
    longest = Math.max(longest, at - last)
    last = at
  }
  return longest
}

for (const name of ['a', 'b', 'c']) start(name)
const followed = Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => follow(partition)))
const fed = feed()
await spread(3)
await watch(`kill -9 of one pod of three, session time-out ${SESSION_MS} ms`, () =>
  pods.get('b')?.kill('SIGKILL'),
)
await spread(2)
await watch('a pod joins two others', () => start('d'))
isFeeding = false
await fed
for (const child of pods.values()) {
  if (child.exitCode !== null || child.signalCode !== null) continue
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
await log.close()
await followed
