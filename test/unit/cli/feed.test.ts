/** Feeding: every event once where it is asked for, however often it is broken off. */
import { describe, expect, it } from 'vitest'
import { feed } from '#cli/events/feed.ts'
import type { InputEvent } from '#cli/events/input-event.ts'
import { asText } from '#core/codec.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { dataFolder, withLog } from './data-folder.ts'

async function* lines(...texts: readonly string[]): AsyncGenerator<InputEvent> {
  for (const [index, text] of texts.entries()) yield { line: index + 1, value: Buffer.from(text) }
}
const raw = async (log: Log): Promise<readonly string[]> => {
  const found: string[] = []
  await readAll(log, 'datos_crudos', ({ value }) => value && found.push(asText(value)))
  return found.sort()
}
const system = realSystem

describe('a feed', () => {
  it('spreads events over the partitions', async () => {
    await withLog(dataFolder(), async log => {
      await feed({ log, system, events: lines('a', 'b', 'c', 'd') })
      const partitions = new Set<number>()
      await readAll(log, 'datos_crudos', (_, partition) => partitions.add(partition))
      expect(partitions.size).toBe(4)
    })
  })

  it('puts every event in again where it has no ledger', async () => {
    await withLog(dataFolder(), async log => {
      await feed({ log, system, events: lines('a') })
      expect(await feed({ log, system, events: lines('a') })).toEqual({ fed: 1, known: 0, tooLarge: 0 })
      expect(await raw(log)).toEqual(['a', 'a'])
    })
  })

  it('continues where it was interrupted when it has a ledger', async () => {
    await withLog(dataFolder(), async log => {
      await feed({ log, system, events: lines('a', 'b'), once: 'file' })
      const second = await feed({ log, system, events: lines('a', 'b', 'c'), once: 'file' })
      expect(second).toEqual({ fed: 1, known: 2, tooLarge: 0 })
      expect(await raw(log)).toEqual(['a', 'b', 'c'])
    })
  })

  it('counts equal lines as several events, and a corrected line as a new one, when it has a ledger', async () => {
    await withLog(dataFolder(), async log => {
      expect((await feed({ log, system, events: lines('a', 'a'), once: 'file' })).fed).toBe(2)
      expect((await feed({ log, system, events: lines('a', 'b'), once: 'file' })).fed).toBe(1)
      expect((await feed({ log, system, events: lines('a'), once: 'other' })).fed).toBe(1)
    })
  })

  it('reports its progress, and stops on an abort', async () => {
    await withLog(dataFolder(), async log => {
      const stopping = new AbortController()
      const many = Array.from({ length: 1_200 }, (_, index) => `${index}`)
      const progress: number[] = []
      const onProgress = (fed: number) => {
        progress.push(fed)
        stopping.abort()
      }
      const { fed } = await feed({ log, system, events: lines(...many), signal: stopping.signal, onProgress })
      expect(progress).toEqual([500])
      expect(fed).toBe(500)
    })
  })
})
