/** TimerQueue against a sorted list of what is in the state, and the heap below it. */
import { beforeEach, describe, expect, it } from 'vitest'
import { compareDue, DueHeap } from '#engine/state/due-heap.ts'
import { encodeDue } from '#engine/state/frame.ts'
import { timerEntry } from '#engine/state/layout.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import { TaskState } from '#engine/state/task-state.ts'
import { type DueTimer, TimerQueue } from '#engine/state/timer-queue.ts'
import { seededRandom } from '#testing/seeded-random.ts'

/** A queue beside the state that it reads, changed together as the runtime does. */
class Timers {
  readonly state: TaskState
  readonly queue: TimerQueue
  /** How many timers were read from the state. */
  read = 0

  constructor(state: TaskState, windowMax?: number) {
    this.state = state
    this.queue = new TimerQueue({ dues: after => this.#count(state.dues(after)) }, windowMax)
  }

  set(key: string, due: number, name = 'remind'): void {
    this.state.stage(new Map([[timerEntry('op', name, key), encodeDue(due)]]))
    this.queue.set('op', name, key, due)
  }

  cancel(key: string, name = 'remind'): void {
    this.state.stage(new Map([[timerEntry('op', name, key), null]]))
    this.queue.cancel('op', name, key)
  }

  /** Takes what is due and deletes its entries, as their firing does. */
  fire(now: number, timersMax?: number): string[] {
    const taken = this.queue.takeDue(now, timersMax)
    this.delete(taken)
    return taken.map(({ key, due }) => `${key}@${due}`)
  }

  delete(taken: readonly DueTimer[]): void {
    this.state.stage(new Map(taken.map(({ operator, name, key }) => [timerEntry(operator, name, key), null])))
  }

  *#count<T>(entries: IterableIterator<T>): IterableIterator<T> {
    for (const entry of entries) {
      this.read++
      yield entry
    }
  }
}

let timers: Timers
const make = async (windowMax?: number) =>
  new Timers(new TaskState(await memoryStores().open({ stage: 'op', partition: 0 })), windowMax)
beforeEach(async () => {
  timers = await make()
})

describe('a timer', () => {
  it('a timer is handed out once, when it is due, whole', () => {
    timers.set('a', 100)
    expect([timers.queue.nextDue(), timers.fire(99)]).toEqual([100, []])
    expect(timers.queue.takeDue(100)).toEqual([{ operator: 'op', name: 'remind', key: 'a', due: 100 }])
    expect([timers.queue.nextDue(), timers.fire(1_000)]).toEqual([undefined, []])
  })

  it('a timer that was moved is due at its new time alone', () => {
    timers.set('a', 100)
    expect(timers.queue.nextDue()).toBe(100)
    timers.set('a', 200)
    expect([timers.queue.nextDue(), timers.fire(199), timers.fire(200)]).toEqual([200, [], ['a@200']])
    timers.set('b', 400)
    timers.set('b', 300)
    expect([timers.fire(300), timers.fire(400)]).toEqual([['b@300'], []])
  })

  it('a timer that was moved away and back is due once', () => {
    timers.set('a', 100)
    expect(timers.queue.nextDue()).toBe(100)
    timers.set('a', 200)
    timers.set('a', 100)
    expect([timers.fire(100), timers.fire(1_000)]).toEqual([['a@100'], []])
  })

  it('a timer that was cancelled is never due', () => {
    timers.set('a', 100)
    timers.set('b', 200)
    expect(timers.queue.nextDue()).toBe(100)
    timers.cancel('a')
    timers.cancel('unknown')
    expect([timers.queue.nextDue(), timers.fire(1_000)]).toEqual([200, ['b@200']])
  })

  it('a timer may be set again once it was handed out, to the same time too', () => {
    timers.set('a', 100)
    expect(timers.fire(100)).toEqual(['a@100'])
    timers.set('a', 100)
    expect([timers.fire(100), timers.fire(100)]).toEqual([['a@100'], []])
  })

  it('stands for itself: others of the key and of other keys are apart', () => {
    timers.set('a', 100, 'one')
    timers.set('a', 100, 'two')
    timers.set('b', 100, 'one')
    timers.cancel('a', 'one')
    const names = timers.queue.takeDue(100).map(({ name, key }) => `${name}/${key}`)
    expect(names).toEqual(['one/b', 'two/a'])
  })
})

describe('the window', () => {
  it('the window reads nothing before it is asked, and then what the state held already', () => {
    timers.state.stage(new Map([[timerEntry('op', 'remind', 'old'), encodeDue(50)]]))
    timers.set('new', 60)
    expect(timers.read).toBe(0)
    expect(timers.fire(100)).toEqual(['old@50', 'new@60'])
  })

  it('the window is not filled again while it holds all', () => {
    timers.set('a', 100)
    timers.fire(100)
    const before = timers.read
    for (let due = 200; due < 300; due++) timers.set(`k${due}`, due)
    expect(timers.fire(1_000)).toHaveLength(100)
    expect(timers.read).toBe(before)
  })

  it('the window is filled from the state when it runs out, not for each timer', async () => {
    timers = await make(100)
    for (let due = 1; due <= 1_000; due++) timers.set(`k${due}`, due)
    const fired = Array.from({ length: 1_000 }, (_, index) => timers.fire(index + 1)).flat()
    expect(fired).toEqual(Array.from({ length: 1_000 }, (_, index) => `k${index + 1}@${index + 1}`))
    // Each once, and one more for each filling, which finds that there are others.
    expect(timers.read).toBeLessThanOrEqual(1_000 + 10)
  })

  it('the window is filled with a thousand at a time however large it is, so that filling keeps the thread for a moment only', () => {
    for (let due = 1; due <= 5_000; due++) timers.set(`k${due}`, due)
    let most = 0
    for (let due = 1; due <= 5_000; due++) {
      const before = timers.read
      expect(timers.fire(due)).toEqual([`k${due}@${due}`])
      most = Math.max(most, timers.read - before)
    }
    expect(most).toBe(1_001)
  })

  it('the window reads each timer once, however many are due together and wherever they lie', async () => {
    timers = await make(100)
    const set = (from: number, to: number) => {
      for (let index = from; index < to; index++) timers.set(`k${index}`, 500)
    }
    set(0, 3_000)
    timers.state.committed(timers.state.take(), 1)
    set(2_000, 6_000)
    timers.state.take()
    set(5_000, 10_000)
    const fired = Array.from({ length: 10_000 }, () => timers.fire(500, 1)).flat()
    expect(new Set(fired).size).toBe(10_000)
    expect(timers.read).toBeLessThanOrEqual(10_000 + 100)
  })

  it('the window does not hand out again what is still being fired when it is filled', async () => {
    timers = await make(10)
    for (let index = 0; index < 100; index++) timers.set(`k${index}`, 500)
    const keys = Array.from({ length: 100 }, () => timers.queue.takeDue(500, 1)[0]?.key)
    expect(new Set(keys).size).toBe(100)
    expect(timers.queue.takeDue(500)).toEqual([])
  })

  it('the window hands out as many as asked for', () => {
    for (const key of ['a', 'b', 'c']) timers.set(key, 100)
    expect([timers.fire(100, 2), timers.fire(100, 2)]).toEqual([['a@100', 'b@100'], ['c@100']])
  })
})

describe.each([1, 2, 3, 4])('random timers, seed %i', seed => {
  it.each([1, 7, 10_000])('are due as a sorted list says, with a window of %i', async windowMax => {
    timers = await make(windowMax)
    const random = seededRandom(seed)
    const draw = (below: number) => Math.floor(random() * below)
    const model = new Map<string, number>()
    let now = 0
    for (let step = 0; step < 3_000; step++) {
      const key = `k${draw(60)}`
      const action = draw(10)
      if (action < 5) {
        const due = now + draw(40)
        timers.set(key, due)
        model.set(key, due)
      } else if (action < 7) {
        timers.cancel(key)
        model.delete(key)
      } else {
        now += draw(6)
        expect(timers.fire(now)).toEqual(dueIn(model, now))
      }
      if (draw(20) === 0) timers.state.committed(timers.state.take(), step)
      expect(timers.queue.nextDue()).toBe(model.size > 0 ? Math.min(...model.values()) : undefined)
    }
  })
})

/** What the model says is due, in the order of the queue, and removes it. */
function dueIn(model: Map<string, number>, now: number): string[] {
  const due = [...model]
    .filter(([, each]) => each <= now)
    .map(([key, each]) => ({ due: each, entry: key }))
    .sort(compareDue)
  for (const { entry } of due) model.delete(entry)
  return due.map(each => `${each.entry}@${each.due}`)
}

it('the heap gives everything back in order', () => {
  const random = seededRandom(5)
  const items = Array.from({ length: 2_000 }, (_, index) => ({
    due: Math.floor(random() * 50),
    entry: `${index % 700}`,
  }))
  const heap = new DueHeap()
  for (const item of items) heap.push(item)
  const sorted = []
  for (let first = heap.first; first; first = heap.first) {
    sorted.push(first)
    heap.removeFirst()
  }
  expect(sorted).toEqual(items.toSorted(compareDue))
  expect(heap.size).toBe(0)
  heap.removeFirst()
  expect(heap.first).toBeUndefined()
})
