/** How near a pod comes to the ideal rate when every record waits for a call: calls in flight divided by their length. */

import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Benchmark, Figures, Setting } from './benchmark.ts'
import { begun, CommitTimes, pause, peakMemoryMb, Stopwatch } from './measuring.ts'
import { type LogName, openLog } from './places.ts'
import { calling, Feed } from './workload.ts'

const CALL_MS = 200
const IN_FLIGHT = 5_000
/** Left out at the beginning: compiling, and calls that all began at once. */
const RAMP_UP_MS = 3_000
const MEASURED_MS = 8_000
const APPEND_RECORDS = 20_000

export const asyncCalls: readonly Benchmark[] = (['memory', 'embedded'] as const).map(log => ({
  name: `async-5000x200ms/${log}-log`,
  judgedBy: 'shareOfIdeal',
  run: setting => measure(log, setting),
}))

/**
 * Everything that can be read in the time is there before the pod starts. What is counted are the records that begin
 * between two moments while the limit of calls in flight is reached: as many end. Neither the ramp before nor the
 * drain after is in it.
 */
async function measure(logName: LogName, { size, folder }: Setting): Promise<Figures> {
  const isFull = size === 'full'
  const rampUpMs = isFull ? RAMP_UP_MS : 400
  const measuredMs = isFull ? MEASURED_MS : 400
  const ideal = IN_FLIGHT / (CALL_MS / 1_000)
  const wanted = (ideal * (rampUpMs + measuredMs + 1_000)) / 1_000
  const { log } = await openLog(logName, folder)
  const graph = calling(CALL_MS, IN_FLIGHT)
  await log.createTopics(
    graph.topics.map(({ name, partitions }) => ({
      name,
      partitions,
      compacted: false,
      retentionMs: undefined,
    })),
  )
  const feed = new Feed(wanted)
  for (let made = 0; made < wanted; made += APPEND_RECORDS) await log.append(feed.slice(APPEND_RECORDS))
  const running = await run(graph, { log })
  while (begun(podOf(running)) < IN_FLIGHT) await pause(5)
  await pause(rampUpMs)
  const times = new CommitTimes()
  times.record()
  const watch = new Stopwatch()
  const before = begun(podOf(running))
  await pause(measuredMs)
  const records = begun(podOf(running)) - before
  const { wallSeconds, cpuSeconds } = watch
  times.pause()
  const memoryMb = peakMemoryMb()
  await running.stop()
  await log.close()
  const recordsPerSecond = records / wallSeconds
  return {
    recordsPerSecond,
    cpuMicros: (cpuSeconds * 1e6) / records,
    shareOfIdeal: (100 * recordsPerSecond) / ideal,
    ...times.figures,
    memoryMb,
  }
}
