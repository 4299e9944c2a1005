/** The sweep keeps up with what expires, by turns of bounded size, and gives way to what matters more. */
import { beforeEach, describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { state as declared, type StateDeclarations } from '#core/state.ts'
import { STEP_KEPT_MS, stepWrites } from '#engine/record/step-journal.ts'
import { frame } from '#engine/state/frame.ts'
import { STEP_PREFIX, valueEntry } from '#engine/state/layout.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import type { Store } from '#engine/state/store.ts'
import { TaskState } from '#engine/state/task-state.ts'
import { SWEEP_INTERVAL_MS, Sweep } from '#engine/task/sweep.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const TTL_MS = 10_000
const TURN_ENTRIES_MAX = 1_000
const TIMED = new Map<string, StateDeclarations>([
  ['op', { last: declared.value(codec.text, { ttl: TTL_MS }) }],
])
const UNTIMED = new Map<string, StateDeclarations>([['op', { last: declared.value(codec.text) }]])

let store: Store
let state: TaskState
beforeEach(async () => {
  store = await memoryStores().open({ stage: 'op', partition: 0 })
  state = new TaskState(store)
})

/** A task at work: each second `write` adds entries, the sweep has its turns, and all is committed. */
class World {
  readonly time = new VirtualTime(1)
  readonly sweep: Sweep
  readonly waiting: (() => void)[] = []
  mayStart = true
  isWanted = true
  /** The most that was staged at a time. */
  largestTurn = 0
  turns = 0
  #position = 0

  constructor(declarations: ReadonlyMap<string, StateDeclarations>) {
    const { system } = this.time
    const world = this
    const gate = {
      get admits() {
        return world.mayStart
      },
    }
    const task = {
      get phase() {
        return world.isWanted ? ('running' as const) : ('blocked' as const)
      },
      pod: { system, enqueue: (callback: () => void) => void world.waiting.push(callback), gate },
      staged: () => world.#staged(),
      guard: <T>(action: () => T) => action(),
    }
    this.sweep = new Sweep(task, state, declarations)
  }

  get now(): number {
    return this.time.system.now()
  }

  async second(): Promise<void> {
    await this.time.runFor(SWEEP_INTERVAL_MS)
    this.sweep.begin()
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) next()
    this.commit()
  }

  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) await this.second()
  }

  write(from: number, count: number): void {
    for (let key = from; key < from + count; key++) {
      const bytes = frame(Buffer.from('x'), { now: this.now, ttl: TTL_MS })
      state.stage(new Map([[valueEntry('op', 'last', `k${key}`), bytes]]))
    }
    this.commit()
  }

  commit(): void {
    state.committed(state.take(), ++this.#position)
  }

  /** What is staged here goes into the store at once, so that each turn shows by itself. */
  #staged(): void {
    this.turns++
    this.largestTurn = Math.max(this.largestTurn, state.stagedCount)
    this.commit()
  }
}

describe('entries with a time to live', () => {
  it('entries with a time to live do not pile up, however many new ones there are a second', async () => {
    const world = new World(TIMED)
    const perSecond = 5_000
    let peak = 0
    for (let second = 0; second < 90; second++) {
      world.write(second * perSecond, perSecond)
      await world.second()
      if (second > 30) peak = Math.max(peak, store.size)
    }
    const living = (perSecond * TTL_MS) / 1_000
    expect(peak).toBeLessThan(2 * living)
    expect(world.largestTurn).toBeLessThanOrEqual(TURN_ENTRIES_MAX)
  })

  it('entries with a time to live that have piled up are gone at once, a bounded turn at a time', async () => {
    const world = new World(TIMED)
    world.write(0, 50_500)
    await world.time.runFor(TTL_MS)
    await world.second()
    expect(store.size).toBe(0)
    expect([world.turns, world.largestTurn]).toEqual([51, TURN_ENTRIES_MAX])
  })

  it('entries with a time to live that live are looked at no faster than a pass needs', async () => {
    const world = new World(TIMED)
    world.write(0, 10_000)
    let turns = 0
    world.sweep.begin()
    for (let next = world.waiting.shift(); next; next = world.waiting.shift()) {
      turns++
      next()
    }
    expect(turns).toBeLessThan(5)
    expect(store.size).toBe(10_000)
  })

  it('entries with a time to live stay while the gate is shut or the task is not at work, and go later', async () => {
    const world = new World(TIMED)
    world.write(0, 3_000)
    await world.time.runFor(TTL_MS)
    world.mayStart = false
    await world.second()
    expect(store.size).toBe(3_000)
    world.mayStart = true
    world.isWanted = false
    await world.second()
    expect(store.size).toBe(3_000)
    world.isWanted = true
    await world.second()
    expect(store.size).toBe(0)
  })

  it('entries with a time to live are not looked for where no state has one', async () => {
    const world = new World(UNTIMED)
    world.write(0, 10)
    await world.time.runFor(TTL_MS)
    await world.seconds(5)
    expect(store.size).toBe(10)
  })
})

describe('journaled steps of dead letters', () => {
  const journal = (world: World, from: number, count: number) => {
    for (let call = from; call < from + count; call++)
      state.stage(stepWrites(`call-${call}`, Buffer.from('result'), world.now, 1_000))
    world.commit()
  }

  it('journaled steps of dead letters go after their time, all of them and no other, with the next pass', async () => {
    const world = new World(UNTIMED)
    journal(world, 0, 5_000)
    world.write(0, 100)
    await world.seconds(6)
    expect(store.size).toBe(5_100)
    await world.time.runFor(STEP_KEPT_MS)
    journal(world, 5_000, 20)
    await world.seconds(1)
    expect([...store.entries(STEP_PREFIX)]).toHaveLength(20)
    expect(store.size).toBe(120)
    expect(world.largestTurn).toBeLessThanOrEqual(TURN_ENTRIES_MAX)
  })
})
