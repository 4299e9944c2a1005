/** Readers under faults and latency, and processes that pause or die. */
import { describe, expect, it } from 'vitest'
import { evenLatency } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { at, batch, follow, simulate, textOf, watch } from './simulation.ts'

describe('a reader', () => {
  it('a reader fails and goes on when called again, whichever way a fetch gets lost', async () => {
    const { broker, client, settle } = await simulate()
    const { log } = client('pod')
    await settle(log.append([batch(0, 'a', 'b')]))
    const reader = log.openReader(at(0), 0)
    broker.faults.loseRequest('pod', 'fetch')
    broker.faults.loseAnswer('pod', 'fetch')
    broker.faults.refuse('pod', 'fetch')
    for (let i = 0; i < 3; i++) await expect(settle(reader.next(10))).rejects.toThrow('LOG_UNAVAILABLE')
    expect((await settle(reader.next(10))).records.map(textOf)).toEqual(['a', 'b'])
  })

  it('a reader gets less than there is, but all of it in the end', async () => {
    const { broker, client, settle } = await simulate(3)
    const { log } = client('pod')
    const values = Array.from({ length: 200 }, (_, i) => `${i}`)
    await settle(log.append([batch(0, ...values)]))
    broker.faults.setPlan({ shortFetch: 1 })
    const reader = log.openReader(at(0), 0)
    const sizes: number[] = []
    const seen: string[] = []
    while (seen.length < 200) {
      const { records } = await settle(reader.next(200))
      seen.push(...records.map(textOf))
      sizes.push(records.length)
    }
    expect(seen).toEqual(values)
    expect(sizes.length).toBeGreaterThan(1)
    expect(Math.min(...sizes)).toBeGreaterThan(0)
  })

  it('a reader gets no record but progress over a marker', async () => {
    const { client, producer, settle } = await simulate()
    const pod = client('pod')
    const reader = pod.log.openReader(at(0), 0)
    const first = watch(reader.next(1))
    await settle((await producer(pod)).transact([batch(0, 'a')]))
    expect(first.value?.records.map(textOf)).toEqual(['a'])
    expect(await settle(reader.next(10))).toEqual({ records: [], nextOffset: 2 })
  })

  it('a reader of a trimmed offset learns so while it waits', async () => {
    const { client, producer, settle, time } = await simulate()
    const pod = client('pod')
    await settle((await producer(pod)).transact([batch(0, 'a')]))
    const waiting = watch(pod.log.openReader(at(0), 2).next(1))
    await settle(pod.log.append([batch(1, 'elsewhere')]))
    expect(waiting.outcome).toBe('pending')
    const late = watch(pod.log.openReader(at(0), 0).next(1))
    await settle(pod.log.trim(at(0), 1))
    await time.runFor(10)
    expect(late.value?.records.map(textOf)).toEqual(['a'])
    await expect(settle(pod.log.openReader(at(0), 0).next(1))).rejects.toThrow('OFFSET_OUT_OF_RANGE')
  })

  it('a reader of one partition may be served before another that asked first', async () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 10; seed++) {
      const system = new VirtualTime(seed).system
      const { client, settle, time } = await simulate(seed, { latency: evenLatency(system, 1, 50) })
      const { log } = client('pod')
      await settle(log.append([batch(0, 'first'), batch(1, 'second')]))
      const order: string[] = []
      for (const partition of [0, 1]) {
        void log
          .openReader(at(partition), 0)
          .next(1)
          .then(fetched => {
            order.push(...fetched.records.map(textOf))
          })
      }
      await time.runFor(1_000)
      orders.add(order.join())
    }
    expect(orders).toEqual(new Set(['first,second', 'second,first']))
  })
})

describe('a process', () => {
  it('a process gets its answers late, in order, when it was paused', async () => {
    const { client, settle, time } = await simulate()
    const pod = client('pod')
    const { seen } = follow(pod)
    await time.runFor(10)
    pod.process.pause()
    const other = client('other').log
    for (const value of ['a', 'b', 'c']) await settle(other.append([batch(0, value)]))
    await time.runFor(10_000)
    expect(seen).toEqual([])
    pod.process.resume()
    await time.runFor(10)
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  it('a process gets no answer once killed, though what it asked for takes place', async () => {
    const { client, producer, committed, time } = await simulate(1, { latency: () => 10 })
    const pod = client('pod')
    const victim = await producer(pod)
    const told = watch(victim.transact([batch(0, 'x')]))
    await time.runFor(25)
    pod.process.kill()
    await time.runFor(100_000)
    expect([told.outcome, committed()]).toEqual(['pending', ['x']])
  })

  it('a process that is cut off fails at once or in time, and everything works once it is healed', async () => {
    const { broker, client, settle, time } = await simulate()
    const { log } = client('pod')
    broker.faults.partition('pod', 'fails')
    const quick = watch(log.bounds([at(0)]))
    await time.runFor(1)
    expect(quick.outcome).toBe('LOG_UNAVAILABLE')
    broker.faults.partition('pod', 'hangs')
    const slow = watch(log.bounds([at(0)]))
    await time.runFor(1_900)
    expect(slow.outcome).toBe('pending')
    await time.runFor(200)
    expect(slow.outcome).toBe('LOG_UNAVAILABLE')
    broker.faults.heal('pod')
    expect(await settle(log.bounds([at(0)]))).toEqual([{ start: 0, end: 0 }])
  })

  it('a process that is cut off does not get the answer that was on its way', async () => {
    const { broker, client, time } = await simulate(1, { latency: () => 10 })
    const asked = watch(client('pod').log.bounds([at(0)]))
    await time.runFor(15)
    broker.faults.partition('pod')
    await time.runFor(3_000)
    expect(asked.outcome).toBe('LOG_UNAVAILABLE')
  })
})

describe('armed faults', () => {
  it('hit so many requests of that client and kind, and no others', async () => {
    const { broker, client, settle } = await simulate()
    const pod = client('pod').log
    broker.faults.refuse('pod', 'topics', 2)
    broker.faults.refuse('pod', 'append')
    expect(await settle(client('other').log.bounds([at(0)]))).toHaveLength(1)
    await expect(settle(pod.bounds([at(0)]))).rejects.toThrow('LOG_UNAVAILABLE')
    await expect(settle(pod.describeTopics())).rejects.toThrow('LOG_UNAVAILABLE')
    expect(await settle(pod.bounds([at(0)]))).toHaveLength(1)
    broker.faults.clear('pod')
    await settle(pod.append([batch(0, 'a')]))
  })
})
