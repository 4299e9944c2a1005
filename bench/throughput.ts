/** How many records a second a pod takes through a graph, in slices that are made while the pod is paused. */

import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import type { Topology } from '#topology/index.ts'
import type { Benchmark, Figures, Setting } from './benchmark.ts'
import { GatedLog } from './gated-log.ts'
import { CommitTimes, collectGarbage, peakMemoryMb, processed, quantile, Stopwatch } from './measuring.ts'
import { type LogName, type OpenLog, openLog, openStores, type StoreName } from './places.ts'
import { counting, Feed, INPUT, mapping, OUTPUT, PARTITIONS } from './workload.ts'

/** Records of one append to the embedded log: what a producer would send at a time. */
const APPEND_RECORDS = 1_000
const SLICE_RECORDS = 200_000
const SLICES = 5
/** Slices before those that are timed, so that the code is compiled; more of them where there are more keys. */
const WARM_UP_SLICES = 2

interface Throughput {
  readonly name: string
  readonly graph: Topology
  readonly keys: number
  readonly store: StoreName
  readonly log: LogName
}

export const throughputs: readonly Benchmark[] = (['memory', 'embedded'] as const).flatMap(log => [
  throughput({ name: `map/${log}-log`, graph: mapping(), keys: 10_000, store: 'memory', log }),
  ...(['10k', '1m'] as const).flatMap(keys =>
    (['memory', 'lmdb'] as const).map(store => {
      const name = `count-${keys}/${store}-store/${log}-log`
      return throughput({ name, graph: counting(), keys: keys === '1m' ? 1_000_000 : 10_000, store, log })
    }),
  ),
])

function throughput(job: Throughput): Benchmark {
  return { name: job.name, judgedBy: 'cpuMicros', run: setting => measure(job, setting) }
}

/** The median slice; each is timed from the gate's opening until its last record is committed. */
async function measure({ graph, keys, store, log: logName }: Throughput, setting: Setting): Promise<Figures> {
  const scale = setting.size === 'full' ? 1 : 1 / 200
  const records = SLICE_RECORDS * scale
  const feed = new Feed(keys * scale)
  const opened = await openLog(logName, setting.folder)
  const log = new GatedLog(opened.log, INPUT)
  const running = await run(graph, { log, stores: openStores(store, setting.folder) })
  const times = new CommitTimes()
  const rates: number[] = []
  const costs: number[] = []
  const warmUp = Math.max(WARM_UP_SLICES, Math.ceil((keys * scale) / records))
  for (let slice = 1; slice <= warmUp + SLICES; slice++) {
    log.shut()
    await append(opened, feed.slice(records))
    collectGarbage()
    const watch = new Stopwatch()
    if (slice > warmUp) times.record()
    log.open()
    await processed(podOf(running), slice * records)
    times.pause()
    if (slice > warmUp) {
      rates.push(records / watch.wallSeconds)
      costs.push((watch.cpuSeconds * 1e6) / records)
    }
    await forget(opened)
  }
  const memoryMb = peakMemoryMb()
  await running.stop()
  await log.close()
  return {
    recordsPerSecond: quantile(rates, 0.5),
    cpuMicros: quantile(costs, 0.5),
    ...times.figures,
    memoryMb,
  }
}

/** Appends in transactions of a producer's size, the partitions side by side. */
async function append({ log }: OpenLog, slice: readonly PartitionBatch[]): Promise<void> {
  const longest = Math.max(...slice.map(({ records }) => records.length))
  for (let from = 0; from < longest; from += APPEND_RECORDS) {
    const to = from + APPEND_RECORDS
    await log.append(slice.map(batch => ({ ...batch, records: batch.records.slice(from, to) })))
  }
}

/** Deletes what was read and written, as retention would. */
async function forget({ log, clean }: OpenLog): Promise<void> {
  const places = [INPUT, OUTPUT].flatMap(topic =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })),
  )
  const bounds = await log.bounds(places)
  await Promise.all(places.map((place, index) => log.trim(place, bounds[index]?.end ?? 0)))
  await clean()
}
