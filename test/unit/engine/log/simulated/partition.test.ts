/** One partition: the stable end, markers in the offset space, aborted records, compaction, retention. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import { Partition } from '#engine/log/simulated/partition.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { recordOf, textOf } from './simulation.ts'

const ALL = Number.POSITIVE_INFINITY

function partition() {
  const time = new VirtualTime(1)
  return { time, log: new Partition({ topic: 'numbers', partition: 0 }, time.system) }
}

function read(log: Partition, offset = 0, recordsMax = ALL) {
  const { records, nextOffset } = log.read(offset, recordsMax)
  return { values: records.map(textOf), offsets: records.map(record => record.offset), nextOffset }
}

function keyed(key: string, value: string) {
  return { key: Buffer.from(key), value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0 }
}

describe('read committed', () => {
  it('read committed shows nothing from the first offset of the oldest open transaction on', () => {
    const { log } = partition()
    log.append([recordOf('plain')])
    log.append([recordOf('open 1')], 1)
    log.append([recordOf('open 2')], 2)
    log.append([recordOf('behind')])
    expect(read(log)).toEqual({ values: ['plain'], offsets: [0], nextOffset: 1 })
    log.end(2, 'committed')
    expect(log.bounds).toEqual({ start: 0, end: 1 })
    log.end(1, 'committed')
    expect(read(log)).toEqual({
      values: ['plain', 'open 1', 'open 2', 'behind'],
      offsets: [0, 1, 2, 3],
      nextOffset: 6,
    })
  })

  it('read committed skips what was aborted, though it keeps its offsets', () => {
    const { log } = partition()
    log.append([recordOf('a'), recordOf('b')], 1)
    log.end(1, 'aborted')
    log.append([recordOf('c')], 1)
    log.end(1, 'committed')
    expect(read(log)).toEqual({ values: ['c'], offsets: [3], nextOffset: 5 })
  })

  it('read committed keeps two interleaved aborts of two producers apart', () => {
    const { log } = partition()
    log.append([recordOf('a1')], 1)
    log.append([recordOf('b1')], 2)
    log.append([recordOf('a2')], 1)
    log.end(1, 'aborted')
    log.append([recordOf('b2')], 2)
    log.append([recordOf('a3')], 1)
    log.end(2, 'committed')
    log.end(1, 'aborted')
    expect(read(log).values).toEqual(['b1', 'b2'])
  })

  it.each(['committed', 'aborted'] as const)(
    'read committed reaches the end of a log that ends in a %s marker',
    outcome => {
      const { log } = partition()
      log.append([recordOf('a')])
      log.append([recordOf('b')], 1)
      log.end(1, outcome)
      expect(read(log).nextOffset).toBe(3)
      expect(read(log, 2)).toEqual({ values: [], offsets: [], nextOffset: 3 })
      expect(read(log, 3).nextOffset).toBe(3)
    },
  )

  it('read committed writes no marker where the producer has written nothing', () => {
    const { log } = partition()
    log.end(1, 'committed')
    expect(log.bounds).toEqual({ start: 0, end: 0 })
  })
})

describe('fetching', () => {
  it('fetching hands out so many, then the rest, over batches and gaps', () => {
    const { log } = partition()
    for (let i = 0; i < 20; i++) {
      log.append([recordOf(`${i} a`), recordOf(`${i} b`), recordOf(`${i} c`)], 1)
      log.end(1, i % 3 === 0 ? 'aborted' : 'committed')
    }
    const all = read(log).values
    expect(all).toHaveLength(39)
    for (const recordsMax of [1, 2, 3, 4, 7, 50]) {
      const found: string[] = []
      let offset = 0
      while (offset < log.bounds.end) {
        const fetched = read(log, offset, recordsMax)
        expect(fetched.values.length).toBeLessThanOrEqual(recordsMax)
        expect(fetched.nextOffset).toBeGreaterThan(offset)
        found.push(...fetched.values)
        offset = fetched.nextOffset
      }
      expect(found).toEqual(all)
    }
  })

  it('fetching wakes those who wait when the stable end moves, once, and only then', () => {
    const { log } = partition()
    const woken: string[] = []
    log.whenMoved(() => woken.push('first'))
    log.append([recordOf('a')], 1)
    log.append([recordOf('b')], 2)
    log.append([recordOf('c')])
    expect(woken).toEqual([])
    log.end(1, 'committed')
    expect(woken).toEqual(['first'])
    log.end(2, 'committed')
    expect(woken).toEqual(['first'])
  })

  it('fetching refuses offsets that it does not have', () => {
    const { log } = partition()
    log.append([recordOf('a'), recordOf('b'), recordOf('c')])
    log.trim(2)
    for (const offset of [1, 4]) {
      expect(() => log.read(offset, 1)).toThrow(CaudalError)
      expect(() => log.read(offset, 1)).toThrow(
        `OFFSET_OUT_OF_RANGE: numbers/0 has offsets 2 to 3, but offset ${offset} was asked for`,
      )
    }
    expect(() => log.trim(4)).toThrow('OFFSET_OUT_OF_RANGE')
  })
})

describe('deleting', () => {
  it('deleting trims inside a batch, and never back', () => {
    const { log } = partition()
    log.append([recordOf('a'), recordOf('b'), recordOf('c')])
    log.trim(2)
    log.trim(1)
    expect(log.bounds).toEqual({ start: 2, end: 3 })
    expect(read(log, 2).values).toEqual(['c'])
  })

  it('compacts to the latest committed value of each key and leaves the rest of the log alone', () => {
    const { log } = partition()
    log.append([keyed('x', '1'), keyed('y', '1'), keyed('x', '2')], 1)
    log.end(1, 'committed')
    log.append([keyed('y', 'aborted')], 1)
    log.end(1, 'aborted')
    log.append([recordOf('no key'), recordOf('no key')])
    log.append([keyed('x', 'open')], 1)
    log.append([keyed('y', 'behind')])
    log.compact()
    expect(read(log)).toEqual({
      values: ['1', '2', 'no key', 'no key'],
      offsets: [1, 2, 6, 7],
      nextOffset: 8,
    })
    expect(read(log, 0, 1)).toEqual({ values: ['1'], offsets: [1], nextOffset: 2 })
    log.end(1, 'committed')
    expect(read(log, 8).values).toEqual(['open', 'behind'])
  })

  it('deleting deletes whole batches by the time at which they were written', async () => {
    const { time, log } = partition()
    log.append([recordOf('old'), recordOf('old')])
    await time.runFor(1_000)
    log.append([recordOf('new')])
    log.expire(time.system.now() - 500)
    expect(log.bounds).toEqual({ start: 2, end: 3 })
    await time.runFor(1_000)
    log.append([recordOf('open')], 1)
    log.expire(time.system.now() + 1)
    expect(log.bounds).toEqual({ start: 3, end: 3 })
  })
})
