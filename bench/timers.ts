/** How late timers are, and how long the event loop is blocked, when very many are due within a short time. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { codec } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { type Topology, topology } from '#topology/index.ts'
import type { Benchmark, Figures, Setting } from './benchmark.ts'
import { pause, peakMemoryMb, processed, Stopwatch } from './measuring.ts'
import { openLog, openStores } from './places.ts'
import { type Event, Feed, INPUT, OUTPUT, PARTITIONS } from './workload.ts'

/** Within which all are due, evenly. */
const DUE_WITHIN_MS = 5_000
/** Between the last setting and the first timer. */
const QUIET_MS = 3_000
const APPEND_RECORDS = 20_000
const POLL_MS = 10

export const timers: Benchmark = {
  name: 'timers-500k-in-5s/lmdb-store/embedded-log',
  judgedBy: 'latestMs',
  run: measure,
}

/** A timer for each key, due at a time that is known once all are set: set once with the record, moved there by nobody. */
function reminding(dueOf: (id: number) => number, onFired: (due: number) => void): Topology {
  const event = codec.json<Event>('event')
  const lateness = codec.json<number>('lateness')
  const remind = operator({
    name: 'remind',
    input: event,
    outputs: { reminded: lateness },
    timers: ['due'],
    process: ({ value }, ctx) => ctx.timers.set('due', dueOf(value.id)),
    onTimer({ due }, ctx) {
      onFired(due)
      ctx.emit('reminded', ctx.now - due)
    },
  })
  const graph = topology('bench')
  const results = graph.topic(OUTPUT, { value: lateness, partitions: PARTITIONS })
  graph
    .source(INPUT, { value: event, partitions: PARTITIONS, partitionedByKey: true })
    .process('remind', remind)
    .on('reminded')
    .to(results)
  return graph.build()
}

async function measure({ size, folder }: Setting): Promise<Figures> {
  const isFull = size === 'full'
  const total = isFull ? 500_000 : 2_000
  const withinMs = isFull ? DUE_WITHIN_MS : 200
  const firstDue = Date.now() + (isFull ? 60_000 : 4_000)
  let fired = 0
  let latestMs = 0
  const graph = reminding(
    id => firstDue + Math.floor((id * withinMs) / total),
    due => {
      fired++
      latestMs = Math.max(latestMs, Date.now() - due)
    },
  )
  const { log } = await openLog('embedded', folder)
  const running = await run(graph, { log, stores: openStores('lmdb', folder) })
  const feed = new Feed(total)
  for (let made = 0; made < total; made += APPEND_RECORDS)
    await log.append(feed.slice(Math.min(APPEND_RECORDS, total - made)))
  // A timer that is due in the past is a dead letter: the others would be waited for without end.
  const isSet = await Promise.race([
    processed(podOf(running), total).then(() => true),
    pause(firstDue - Date.now()).then(() => false),
  ])
  if (!isSet)
    throw new CaudalError('INTERNAL', { reason: 'the timers were not set before the first was due' })
  const quietMs = firstDue - Date.now()
  if (isFull && quietMs < QUIET_MS)
    process.stderr.write(`setting took until ${quietMs} ms before the first is due\n`)
  await pause(quietMs - 500)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const watch = new Stopwatch()
  while (fired < total || !podOf(running).isIdle) await pause(POLL_MS)
  delay.disable()
  const { cpuSeconds } = watch
  const memoryMb = peakMemoryMb()
  await running.stop()
  await log.close()
  return { latestMs, longestBlockMs: delay.max / 1e6, cpuMicros: (cpuSeconds * 1e6) / total, memoryMb }
}
