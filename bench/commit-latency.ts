/** Light load on the embedded log: from handing a record to the log until a reader of the output has the result. */

import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Reader } from '#engine/log/log.ts'
import type { Benchmark, Figures, Setting } from './benchmark.ts'
import { pause, peakMemoryMb, quantile, Stopwatch, working } from './measuring.ts'
import { openLog } from './places.ts'
import { counting, Feed, OUTPUT, PARTITIONS } from './workload.ts'

const INTERVAL_MS = 5
const WARM_UP_RECORDS = 400

export const commitLatency: Benchmark = {
  name: 'commit-latency/200-per-second',
  judgedBy: 'commitP99Ms',
  run: measure,
}

/** Each record is sent at its time, whether or not the one before has come back. */
async function measure({ size, folder }: Setting): Promise<Figures> {
  const warmUp = size === 'full' ? WARM_UP_RECORDS : 40
  const records = size === 'full' ? 4_000 : 100
  const { log } = await openLog('embedded', folder)
  const running = await run(counting(), { log })
  await working(podOf(running), PARTITIONS)
  const sentAt = new Map<string, number>()
  const latenciesMs: number[] = []
  const readers = Array.from({ length: PARTITIONS }, (_, partition) =>
    log.openReader({ topic: OUTPUT, partition }, 0),
  )
  // The readers end by being closed with their log.
  const reading = Promise.allSettled(
    readers.map(reader =>
      follow(reader, key => latenciesMs.push(performance.now() - (sentAt.get(key) ?? 0))),
    ),
  )
  const feed = new Feed(warmUp + records)
  const watch = new Stopwatch()
  for (let sent = 0; sent < warmUp + records; sent++) {
    await pause(watch.wallSeconds * 1_000 < sent * INTERVAL_MS ? INTERVAL_MS : 0)
    const slice = feed.slice(1)
    const key = slice.flatMap(batch => batch.records)[0]?.key
    sentAt.set(String(key), performance.now())
    void log.append(slice)
  }
  while (latenciesMs.length < warmUp + records) await pause(10)
  const memoryMb = peakMemoryMb()
  await running.stop()
  await log.close()
  await reading
  const measured = latenciesMs.slice(warmUp)
  return { commitP50Ms: quantile(measured, 0.5), commitP99Ms: quantile(measured, 0.99), memoryMb }
}

/** Tells of the key of every record until the reader is closed. */
async function follow(reader: Reader, onKey: (key: string) => void): Promise<void> {
  for (;;) {
    const { records } = await reader.next(1_000)
    for (const { key } of records) onKey(String(key))
  }
}
