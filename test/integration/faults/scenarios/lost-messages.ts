/** Requests that never arrive, answers that get lost or come late, for every kind of request: outcomes nobody knows. */
import { expect } from 'vitest'
import { API, TROUBLES, type Trouble } from '../proxy.ts'
import type { Rig } from '../rig.ts'
import { expectFairBill, report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

/** Between two troubles of one kind of request, so that the application gets on in between. */
const SPACING_MS = 1_500
/** A join waits for its answer longer than a session lasts: with one after the other nobody would ever be a member. */
const JOIN_SPACING_MS = 10_000
const JOINING: ReadonlySet<number> = new Set([API.joinGroup, API.syncGroup])
const ROUNDS = 2

/** Every trouble for every kind of request, each `ROUNDS` times, as soon as such requests come. */
class Troubles {
  readonly #waiting = new Map<number, Trouble[]>()
  readonly #lastAt = new Map<number, number>()
  #active = false
  done = 0

  constructor() {
    for (const api of Object.values(API))
      this.#waiting.set(api, Array.from({ length: ROUNDS }, () => TROUBLES).flat())
  }

  set active(active: boolean) {
    this.#active = active
  }

  next(api: number): Trouble | undefined {
    const now = Date.now()
    const spacingMs = JOINING.has(api) ? JOIN_SPACING_MS : SPACING_MS
    if (!this.#active || now - (this.#lastAt.get(api) ?? 0) < spacingMs) return undefined
    const trouble = this.#waiting.get(api)?.shift()
    if (!trouble) return undefined
    this.#lastAt.set(api, now)
    this.done++
    return trouble
  }

  /** Troubles that have not happened, because no such request came. */
  get left(): Record<string, number> {
    const counts = Object.entries(API).map(([name, api]) => [name, this.#waiting.get(api)?.length ?? 0])
    return Object.fromEntries(counts.filter(([, count]) => count !== 0))
  }
}

const troubles = new Troubles()

export const lostMessages: Scenario = {
  name: 'requests and answers of every kind get lost, cut or delayed',
  troubleFor: api => troubles.next(api),
  async play(rig: Rig) {
    await rig.startPods(['a', 'b'])
    rig.begin()
    await pause(2_000)
    troubles.active = true
    // Joins, claims and producers come with pods that come and go.
    for (const name of ['c', 'd']) {
      await pause(5_000)
      rig.startPod(name)
      await pause(5_000)
      await rig.pod(name).stop()
    }
    await rig.load.done
    troubles.active = false
  },
  check(verdict, rig) {
    const failed = rig.lives.flatMap(each =>
      each.messages.filter(({ type }) => type === 'commitFailed'),
    ).length
    report('', { troubles: troubles.done, left: troubles.left, commitsFailed: failed })
    expect.soft(troubles.done, 'troubles that happened').toBeGreaterThan(50)
    expect.soft(failed, 'commits that failed').toBeGreaterThan(0)
    expectFairBill(verdict)
  },
}
