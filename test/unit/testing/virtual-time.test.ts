/** Virtual time: the order of events, microtasks between them, and processes that pause and die. */
import { describe, expect, it } from 'vitest'
import { sleep } from '#core/system.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

describe('order of events', () => {
  it('the order of events is by due time, ties by insertion, deferred callbacks among them', async () => {
    const time = new VirtualTime(1)
    const seen: string[] = []
    const { system } = time
    system.after(20, () => seen.push('at 20'))
    system.after(10, () => {
      seen.push('at 10')
      system.defer(() => seen.push('deferred at 10'))
    })
    system.after(10, () => seen.push('second at 10'))
    system.defer(() => seen.push('deferred'))
    system.after(0, () => seen.push('at 0'))
    await time.runUntilIdle()
    expect(seen).toEqual(['deferred', 'at 0', 'at 10', 'second at 10', 'deferred at 10', 'at 20'])
  })

  it('the order of events holds for thousands of timers in any order', async () => {
    const time = new VirtualTime(2)
    const seen: number[] = []
    for (let i = 0; i < 5_000; i++) {
      const delay = Math.floor(time.system.random() * 300)
      time.system.after(delay, () => seen.push(delay))
    }
    await time.runUntilIdle()
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen).toHaveLength(5_000)
  })

  it('the order of events lets every chain of microtasks end before the next event', async () => {
    const time = new VirtualTime(3)
    const seen: string[] = []
    time.system.defer(async () => {
      for (let i = 0; i < 1_000; i++) await null
      seen.push('chain')
    })
    time.system.defer(() => seen.push('next'))
    await time.runUntilIdle()
    expect(seen).toEqual(['chain', 'next'])
  })

  it('the order of events leaves out cancelled timers, also when cancelled late or twice', async () => {
    const time = new VirtualTime(4)
    const seen: string[] = []
    const cancel = time.system.after(5, () => seen.push('cancelled'))
    time.system.after(4, () => cancel())
    const late = time.system.after(1, () => seen.push('kept'))
    await time.runUntilIdle()
    late()
    cancel()
    expect(seen).toEqual(['kept'])
  })
})

describe('the clock', () => {
  it('the clock moves with the events and never by itself', async () => {
    const time = new VirtualTime(1, { startMs: 1_000 })
    const seen: number[] = []
    time.system.after(0.4, () => seen.push(time.system.now()))
    time.system.after(250, () => seen.push(time.system.now()))
    await time.runFor(100)
    expect(time.system.now()).toBe(1_100)
    await time.runFor(200)
    expect(seen).toEqual([1_000, 1_250])
    expect(time.system.now()).toBe(1_300)
  })

  it('the clock stops at the event after which the condition holds', async () => {
    const time = new VirtualTime(1, { startMs: 0 })
    let count = 0
    const again = () => {
      count++
      time.system.after(10, again)
    }
    again()
    expect(await time.runUntil(() => count === 4, 1_000)).toBe(true)
    expect(time.system.now()).toBe(30)
    expect(await time.runUntil(() => false, 105)).toBe(false)
    expect(time.system.now()).toBe(135)
  })

  it('the clock settles a promise with its value or its error', async () => {
    const time = new VirtualTime(1)
    expect(await time.settle(sleep(time.system, 500).then(() => 'done'))).toBe('done')
    await expect(time.settle(Promise.reject(new RangeError('no')))).rejects.toThrow('no')
    await expect(time.settle(new Promise(() => {}), 100)).rejects.toThrow(
      'NOT_SETTLED: the topology under test did not come to rest within 100ms:\n- a promise is still open',
    )
  })

  it('the clock reports events that make no progress', async () => {
    const time = new VirtualTime(1, { eventsPerInstantMax: 50 })
    const spin = () => time.system.defer(spin)
    spin()
    await expect(time.runUntilIdle()).rejects.toThrow('INTERNAL')
  })
})

describe('one seed', () => {
  async function trace(seed: number): Promise<{ events: number; seen: string[] }> {
    const time = new VirtualTime(seed)
    const seen: string[] = []
    const start = time.system.now()
    for (const name of ['a', 'b']) {
      const pod = time.systemFor(name)
      const hop = async () => {
        for (let i = 0; i < 20; i++) {
          await sleep(pod, pod.random() * 50)
          seen.push(`${name} ${pod.now() - start}`)
        }
      }
      void hop()
    }
    await time.runUntilIdle()
    return { events: time.eventCount, seen }
  }

  it('one seed gives the same run again, and another seed another run', async () => {
    expect(await trace(7)).toEqual(await trace(7))
    expect((await trace(7)).seen).not.toEqual((await trace(8)).seen)
  })

  it('virtual time gives each process its own randomness, whichever others draw', () => {
    const quiet = new VirtualTime(5)
    const busy = new VirtualTime(5)
    busy.system.random()
    busy.systemFor('other').random()
    expect(busy.systemFor('pod').random()).toBe(quiet.systemFor('pod').random())
    expect(quiet.systemFor('pod').random()).not.toBe(quiet.systemFor('other').random())
  })
})

describe('a process', () => {
  it('a process has a wall clock that can be set, and a monotonic one that goes on', async () => {
    const time = new VirtualTime(1, { startMs: 10_000 })
    const [one, other] = [time.systemFor('one'), time.systemFor('other')]
    const due: number[] = []
    one.after(50, () => due.push(one.monotonic()))
    await time.runFor(20)
    one.stepClock(-3_000)
    expect([one.now(), other.now(), time.system.now()]).toEqual([7_020, 10_020, 10_020])
    await time.runFor(40)
    one.stepClock(3_500)
    expect([one.now(), one.monotonic(), due]).toEqual([10_560, 60, [50]])
  })

  it('a process does nothing while paused, and what fell due late, in order, when resumed', async () => {
    const time = new VirtualTime(1, { startMs: 0 })
    const pod = time.systemFor('pod')
    const seen: string[] = []
    const note = (what: string) => () => seen.push(`${what} at ${pod.now()}`)
    pod.after(30, note('second'))
    pod.after(10, note('first'))
    pod.after(200, note('third'))
    const cancel = pod.after(20, note('cancelled'))
    pod.defer(note('deferred'))
    pod.pause()
    await time.runFor(100)
    expect(seen).toEqual([])
    cancel()
    pod.resume()
    await time.runFor(200)
    expect(seen).toEqual(['deferred at 100', 'first at 100', 'second at 100', 'third at 200'])
  })

  it('a process leaves other processes alone', async () => {
    const time = new VirtualTime(1)
    const stopped = time.systemFor('stopped')
    const other = time.systemFor('other')
    const seen: string[] = []
    stopped.pause()
    stopped.after(1, () => seen.push('stopped'))
    other.after(2, () => seen.push('other'))
    await time.runUntilIdle()
    expect(seen).toEqual(['other'])
  })

  it('a process never does anything again once killed, resumed or not', async () => {
    const time = new VirtualTime(1)
    const pod = time.systemFor('pod')
    const seen: string[] = []
    pod.after(1, () => seen.push('before'))
    pod.after(10, () => seen.push('after'))
    await time.runFor(5)
    pod.kill()
    pod.resume()
    pod.defer(() => seen.push('deferred'))
    await time.runUntilIdle()
    expect(seen).toEqual(['before'])
  })
})
