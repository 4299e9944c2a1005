/** The logs and the stores that are measured, by the names that the benchmarks have. */
import { join } from 'node:path'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'

export type LogName = 'memory' | 'embedded'
export type StoreName = 'memory' | 'lmdb'

export interface OpenLog {
  readonly log: Log
  /** Compacts and expires at once, so that a long run does not fill the memory with what nobody reads again. */
  clean(): Promise<void>
}

export async function openLog(name: LogName, folder: string): Promise<OpenLog> {
  if (name === 'embedded') {
    const log = await openEmbeddedLog({ path: join(folder, 'log'), system: realSystem })
    return { log, clean: async () => {} }
  }
  const broker = createSimulatedBroker({ system: realSystem })
  return { log: broker.connect(realSystem, 'bench'), clean: async () => broker.clean() }
}

export function openStores(name: StoreName, folder: string): StoreFactory {
  return name === 'memory' ? memoryStores() : lmdbStores({ path: join(folder, 'state'), system: realSystem })
}
