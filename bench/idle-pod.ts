/** What a pod costs that has nothing to do, alone in its process, on the embedded log. */

import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Benchmark, Figures, Setting } from './benchmark.ts'
import { pause, Stopwatch, working } from './measuring.ts'
import { openLog } from './places.ts'
import { counting, PARTITIONS } from './workload.ts'

export const idlePod: Benchmark = { name: 'idle-pod', judgedBy: 'coreShare', run: measure }

async function measure({ size, folder }: Setting): Promise<Figures> {
  const { log } = await openLog('embedded', folder)
  const running = await run(counting(), { log })
  await working(podOf(running), PARTITIONS)
  await pause(size === 'full' ? 1_000 : 50)
  const watch = new Stopwatch()
  await pause(size === 'full' ? 20_000 : 200)
  const coreShare = (100 * watch.cpuSeconds) / watch.wallSeconds
  const memoryMb = process.memoryUsage().rss / 1e6
  await running.stop()
  await log.close()
  return { coreShare, memoryMb }
}
