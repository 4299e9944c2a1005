/** Contract of the Log port: transactions, and producers that fence each other. */
import { expect, it } from 'vitest'
import type { Bench } from './fixture.ts'
import { batch, codeOf, read, textOf, values } from './fixture.ts'

export function describeTransactions(bench: () => Bench): void {
  it('writes to several partitions and topics in one transaction', async () => {
    const { log, name, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    const [third] = await topic()
    const producer = await log.startProducer(name('producer'))
    await producer.transact([batch(first, 'a'), batch(second ?? first, 'b'), batch(third, 'c', 'd')])
    await producer.transact([batch(third, 'e')])
    expect(await values(log, first)).toEqual(['a'])
    expect(await values(log, second ?? first)).toEqual(['b'])
    expect(await values(log, third)).toEqual(['c', 'd', 'e'])
  })

  it('returns the offset after the last record of each batch, in the order of the batches', async () => {
    const { log, name, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    const other = second ?? first
    const producer = await log.startProducer(name('producer'))
    await producer.transact([batch(first, 'before')])
    const receipt = await producer.transact([batch(other, 'a'), batch(first, 'b', 'c'), batch(other, 'd')])
    const after = (found: readonly { value: Uint8Array | null; offset: number }[], value: string) =>
      (found.find(one => textOf(one.value) === value)?.offset ?? Number.NaN) + 1
    const inFirst = await read(log, first, 0, 3)
    const inOther = await read(log, other, 0, 2)
    expect(receipt).toEqual([after(inOther, 'a'), after(inFirst, 'c'), after(inOther, 'd')])
  })

  it('commits an empty transaction without effect', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const producer = await log.startProducer(name('producer'))
    expect(await producer.transact([])).toEqual([])
    await producer.transact([batch(place, 'a')])
    expect(await producer.transact([])).toEqual([])
    expect(await values(log, place)).toEqual(['a'])
  })

  it('lets producers with different ids write at the same time', async () => {
    const { log, name, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    const producers = await Promise.all(['x', 'y', 'z'].map(word => log.startProducer(name(word))))
    await Promise.all(
      producers.map(async (producer, owner) => {
        for (let turn = 0; turn < 5; turn++)
          await producer.transact([
            batch(first, `${owner}:${turn}:0`, `${owner}:${turn}:1`),
            batch(second ?? first, `${owner}:${turn}`),
          ])
      }),
    )
    const inFirst = await values(log, first)
    expect(new Set(inFirst).size).toBe(30)
    for (const owner of [0, 1, 2])
      expect(inFirst.filter(one => one?.startsWith(`${owner}:`))).toEqual(
        [0, 1, 2, 3, 4].flatMap(turn => [`${owner}:${turn}:0`, `${owner}:${turn}:1`]),
      )
    expect((await values(log, second ?? first)).length).toBe(15)
  })

  it('shows no reader a part of a transaction over several partitions', async () => {
    const { log, name, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    const producer = await log.startProducer(name('producer'))
    const watching = read(log, first, 0, 1).then(() => read(log, second ?? first, 0, 1))
    await producer.transact([batch(first, 'a'), batch(second ?? first, 'b')])
    expect((await watching).map(one => textOf(one.value))).toEqual(['b'])
  })
}

/** Errors of a fenced producer: it was fenced, or its outcome is unknown. */
const FENCED = /^(FENCED|OUTCOME_UNKNOWN)$/

export function describeFencing(bench: () => Bench): void {
  it('fences an earlier producer with the same id', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const id = name('producer')
    const earlier = await log.startProducer(id)
    await earlier.transact([batch(place, 'a')])
    const later = await log.startProducer(id)
    expect(await codeOf(earlier.transact([batch(place, 'from a zombie')]))).toMatch(FENCED)
    expect(await codeOf(earlier.transact([batch(place, 'once more')]))).not.toBe('resolved')
    await later.transact([batch(place, 'b')])
    expect(await values(log, place)).toEqual(['a', 'b'])
  })

  it('fences a producer without starting another one', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const fenced = name('producer')
    const other = await log.startProducer(name('producer'))
    const producer = await log.startProducer(fenced)
    await log.fence(fenced)
    await log.fence(name('never-started'))
    expect(await codeOf(producer.transact([batch(place, 'from a zombie')]))).toMatch(FENCED)
    await other.transact([batch(place, 'a')])
    const restarted = await log.startProducer(fenced)
    await restarted.transact([batch(place, 'b')])
    expect(await values(log, place)).toEqual(['a', 'b'])
  })

  it('decides a transaction that races its fence once, on every partition alike', async () => {
    const { log, name, topic } = bench()
    for (let turn = 0; turn < 5; turn++) {
      const [first, second] = await topic({ partitions: 2 })
      const id = name('producer')
      const earlier = await log.startProducer(id)
      const racing = codeOf(earlier.transact([batch(first, 'raced'), batch(second ?? first, 'raced')]))
      const later = await log.startProducer(id)
      await later.transact([batch(first, 'later'), batch(second ?? first, 'later')])
      const before = await values(log, first)
      const outcome = await racing
      expect(outcome).toMatch(/^(resolved|FENCED|OUTCOME_UNKNOWN|COMMIT_ABORTED)$/)
      if (outcome === 'resolved') expect(before).toEqual(['raced', 'later'])
      if (outcome === 'FENCED' || outcome === 'COMMIT_ABORTED') expect(before).toEqual(['later'])
      expect(await values(log, first)).toEqual(before)
      expect(await values(log, second ?? first)).toEqual(before)
    }
  })

  it('refuses the transaction of a closed producer', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const id = name('producer')
    const producer = await log.startProducer(id)
    await producer.transact([batch(place, 'a')])
    await producer.close()
    expect(await codeOf(producer.transact([batch(place, 'b')]))).toBe('LOG_CLOSED')
    expect(await values(log, place)).toEqual(['a'])
  })
}
