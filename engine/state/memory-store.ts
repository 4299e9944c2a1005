/** Stores in memory: one that forgets when closed, and one whose content outlives its pod within the process. */
import { invariant } from '#core/errors.ts'
import { type TaskId, taskKey } from '#core/record.ts'
import type { Due } from './due-heap.ts'
import { EntryMap } from './entry-map.ts'
import type { CopyOf, Store, StoreFactory } from './store.ts'

/** Every store starts empty and is gone when closed: each start restores the whole state topic. */
export function memoryStores(): { open(of: TaskId): Promise<MemoryStore> } {
  return { open: async () => new MemoryStore() }
}

/**
 * Stores whose content survives closing, and also a pod that dies without closing, as a local disk does. For the
 * simulation: a store written before its commit shows as a difference to the topic only if it outlives the crash.
 */
export function durableMemoryStores(): StoreFactory {
  const disks = new Map<string, Content>()
  return {
    open: async (of: CopyOf) => {
      const name = `${of.application}/${taskKey(of)}`
      const found = disks.get(name)
      const content = found?.topicId === of.topicId ? found : new Content(of.topicId)
      disks.set(name, content)
      return new MemoryStore(content, () => disks.delete(name))
    },
  }
}

class Content {
  readonly entries = new EntryMap<Uint8Array>({ ordersTimers: true })
  position: number | undefined = undefined
  /** Of keys, at a byte a character, and of values. */
  bytes = 0
  readonly topicId: string

  constructor(topicId = '') {
    this.topicId = topicId
  }
}

class MemoryStore implements Store {
  readonly #erase: () => void
  #content: Content | undefined

  constructor(content = new Content(), erase: () => void = () => undefined) {
    this.#content = content
    this.#erase = erase
  }

  get position(): number | undefined {
    return this.#open.position
  }

  get size(): number {
    return this.#open.entries.size
  }

  get bytes(): number {
    return this.#open.bytes
  }

  get(key: string): Uint8Array | undefined {
    return this.#open.entries.get(key)
  }

  entries(prefix: string): IterableIterator<readonly [string, Uint8Array]> {
    return this.#open.entries.entries(prefix)
  }

  dues(after: Due): IterableIterator<Due> {
    return this.#open.entries.dues(after)
  }

  apply(writes: Iterable<readonly [string, Uint8Array | null]>, position: number): void {
    const content = this.#open
    for (const [key, bytes] of writes) {
      const before = content.entries.get(key)
      content.bytes += sizeOf(key, bytes ?? undefined) - sizeOf(key, before)
      if (bytes === null) content.entries.delete(key)
      else content.entries.set(key, bytes)
    }
    content.position = position
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#content = undefined
  }

  async discard(): Promise<void> {
    this.#erase()
    this.#content = undefined
  }

  get #open(): Content {
    invariant(this.#content, 'a store was used after it was closed')
    return this.#content
  }
}

const sizeOf = (key: string, bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : key.length + bytes.length
