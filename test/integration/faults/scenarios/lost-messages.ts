/** Requests that never arrive, answers that get lost or come late, for every kind of request: outcomes nobody knows. */
import { expect } from 'vitest'
import { API, TROUBLES, type Trouble } from '../proxy.ts'
import type { Rig } from '../rig.ts'
import { expectFairBill, report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

/** One kind of trouble after the other meets each kind of request; a group of kinds has its time, then comes the next. */
const GROUPS: readonly (readonly number[])[] = [
  [API.addPartitionsToTransaction, API.produce, API.endTransaction],
  [API.fetch, API.listOffsets, API.metadata, API.findCoordinator],
  [API.initProducerId, API.offsetFetch, API.describeGroups, API.offsetCommit],
  [API.heartbeat, API.joinGroup, API.syncGroup, API.leaveGroup],
]
const GROUP_MS = 8_000
/** Between two troubles of one kind of request, so that the application gets on in between. */
const SPACING_MS = 1_000

class Troubles {
  readonly #waiting = new Map(Object.values(API).map(api => [api as number, [...TROUBLES]]))
  readonly #lastAt = new Map<number, number>()
  #begunAt: number | undefined
  done = 0

  begin(): void {
    this.#begunAt = Date.now()
  }

  next(api: number): Trouble | undefined {
    const now = Date.now()
    const group = GROUPS[Math.floor((now - (this.#begunAt ?? now)) / GROUP_MS)]
    if (this.#begunAt === undefined || !group?.includes(api)) return undefined
    if (now - (this.#lastAt.get(api) ?? 0) < SPACING_MS) return undefined
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
    troubles.begin()
    // Joins, claims and producers come with pods that come and go.
    for (const name of ['c', 'd', 'e']) {
      await pause(GROUP_MS / 2)
      rig.startPod(name)
      await pause(GROUP_MS / 2)
      await rig.pod(name).stop()
    }
    await rig.load.done
  },
  check(verdict, rig) {
    const failed = rig.lives.flatMap(each =>
      each.messages.filter(({ type }) => type === 'commitFailed'),
    ).length
    report('', { troubles: troubles.done, left: troubles.left, commitsFailed: failed })
    expect.soft(troubles.done, 'troubles that happened').toBeGreaterThan(30)
    expect.soft(failed, 'commits that failed').toBeGreaterThan(0)
    expectFairBill(verdict)
  },
}
