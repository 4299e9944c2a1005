/** How long a start takes with 1,000,000 keys in the state topic on disk: read whole, or by its tail behind a local copy. */

import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Benchmark, Figures, Setting, Size } from './benchmark.ts'
import { peakMemoryMb, processed, Stopwatch, working } from './measuring.ts'
import { openLog, openStores, type StoreName } from './places.ts'
import { counting, Feed, PARTITIONS } from './workload.ts'

const APPEND_RECORDS = 8_000

export const restores: readonly Benchmark[] = (['memory', 'lmdb'] as const).map(store => ({
  name: `restore-1m/${store === 'memory' ? 'from-topic' : 'lmdb-copy'}`,
  judgedBy: 'seconds',
  prepare: setting => fill(store, setting),
  run: setting => measure(store, setting),
}))

const keysOf = (size: Size): number => (size === 'full' ? 1_000_000 : 5_000)

/** Counts one event of each key, and stops. */
async function fill(store: StoreName, { size, folder }: Setting): Promise<void> {
  const keys = keysOf(size)
  const { log } = await openLog('embedded', folder)
  const running = await run(counting(), { log, stores: openStores(store, folder) })
  const feed = new Feed(keys)
  for (let made = 0; made < keys; made += APPEND_RECORDS)
    await log.append(feed.slice(Math.min(APPEND_RECORDS, keys - made)))
  await processed(podOf(running), keys)
  await running.stop()
  await log.close()
}

/** From the call that starts the pod until all its tasks run; opening the log is not in it. */
async function measure(store: StoreName, { size, folder }: Setting): Promise<Figures> {
  const keys = keysOf(size)
  const { log } = await openLog('embedded', folder)
  const watch = new Stopwatch()
  const running = await run(counting(), { log, stores: openStores(store, folder) })
  await working(podOf(running), PARTITIONS)
  const { wallSeconds, cpuSeconds } = watch
  const memoryMb = peakMemoryMb()
  await running.stop()
  await log.close()
  return { seconds: wallSeconds, cpuMicros: (cpuSeconds * 1e6) / keys, memoryMb }
}
