/** Disks of simulated pods. A local copy that was away for too long begins empty, because it may have missed tombstones. */
import { taskKey } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Store, StoreFactory } from '#engine/state/store.ts'

export function forgetting(disk: StoreFactory, system: System, ageMaxMs: number): StoreFactory {
  const writtenAt = new Map<string, number>()
  return {
    open: async task => {
      const name = taskKey(task)
      const store = await disk.open(task)
      const isOld = system.now() - (writtenAt.get(name) ?? system.now()) > ageMaxMs
      if (!isOld) return noting(store, () => writtenAt.set(name, system.now()))
      await store.discard()
      return noting(await disk.open(task), () => writtenAt.set(name, system.now()))
    },
  }
}

function noting(store: Store, written: () => void): Store {
  return {
    get position() {
      return store.position
    },
    get size() {
      return store.size
    },
    get bytes() {
      return store.bytes
    },
    get: key => store.get(key),
    entries: prefix => store.entries(prefix),
    dues: after => store.dues(after),
    apply: (writes, position) => {
      written()
      store.apply(writes, position)
    },
    flush: () => store.flush(),
    close: () => store.close(),
    discard: () => store.discard(),
  }
}
