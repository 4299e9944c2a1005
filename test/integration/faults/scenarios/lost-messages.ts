/** Requests that never arrive, answers that get lost or come late, for every kind of request: outcomes nobody knows. */
import { expect } from 'vitest'
import { ASKED_AGAIN } from '#engine/log/kafka/producer.ts'
import { API, TROUBLES, type Trouble } from '../proxy.ts'
import type { Rig } from '../rig.ts'
import { report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

/** Kinds of requests; each group has its time, then comes the next. */
type Groups = readonly (readonly number[])[]
const LOG_REQUESTS: Groups = [
  [API.addPartitionsToTransaction, API.produce, API.endTransaction],
  [API.fetch, API.listOffsets, API.metadata, API.findCoordinator],
  [API.addPartitionsToTransaction, API.produce, API.endTransaction],
]
const GROUP_REQUESTS: Groups = [
  [API.initProducerId, API.offsetFetch, API.describeGroups, API.offsetCommit],
  [API.heartbeat, API.joinGroup, API.syncGroup, API.leaveGroup],
]
/** How long each of the groups has. */
const LOG_TURN_MS = 8_000
const GROUP_TURN_MS = 15_000
/** Between two troubles of one kind of request, so that the application gets on in between. */
const SPACING_MS = 1_000
const SETTLE_MS = 2_000
const JOINED_WITHIN_MS = 45_000

/** One kind of trouble after the other meets each kind of request. */
class Troubles {
  readonly #groups: Groups
  readonly #turnMs: number
  readonly #waiting: ReadonlyMap<number, Trouble[]>
  readonly #lastAt = new Map<number, number>()
  #begunAt: number | undefined
  done = 0

  constructor(groups: Groups, turnMs: number) {
    this.#groups = groups
    this.#turnMs = turnMs
    this.#waiting = new Map(
      groups.flat().map(api => [api, groups.flatMap(each => (each.includes(api) ? TROUBLES : []))]),
    )
  }

  begin(): void {
    this.#begunAt = Date.now()
  }

  next(api: number): Trouble | undefined {
    const now = Date.now()
    const group = this.#groups[Math.floor((now - (this.#begunAt ?? now)) / this.#turnMs)]
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
    const counts = Object.entries(API).map(
      ([name, api]) => [name, this.#waiting.get(api)?.length ?? 0] as const,
    )
    return Object.fromEntries(counts.filter(([, count]) => count !== 0))
  }
}

const onLog = new Troubles(LOG_REQUESTS, LOG_TURN_MS)

export const lostMessages: Scenario = {
  name: 'requests to the log and their answers get lost, cut or delayed',
  troubleFor: api => onLog.next(api),
  async play(rig) {
    await beginWith(onLog, rig)
    await rig.load.done
  },
  check(verdict, rig) {
    const { commitsFailed, askedAgain } = tell(rig, onLog)
    expect.soft(commitsFailed, 'commits that failed').toBeGreaterThan(5)
    expect.soft(askedAgain, 'commits whose end was asked for again').toBeGreaterThan(0)
    // No task has moved: whatever was finished is still there to be committed.
    expect.soft(verdict.bill.boughtTwice, 'calls bought twice').toBe(0)
  },
}

const onGroup = new Troubles(GROUP_REQUESTS, GROUP_TURN_MS)

export const lostGroupMessages: Scenario = {
  name: 'requests to the group and their answers get lost, while pods come and go',
  troubleFor: api => onGroup.next(api),
  async play(rig) {
    await beginWith(onGroup, rig)
    // Joins, claims and producers come with pods that come and go.
    for (let index = 0; rig.load.doneAt === undefined; index++) {
      const name = `guest-${index}`
      rig.startPod(name)
      await rig.untilSpread(JOINED_WITHIN_MS)
      await rig.pod(name).stop()
      await pause(SPACING_MS)
    }
  },
  check(verdict, rig) {
    tell(rig, onGroup)
    const dropped = tasksDropped(rig)
    // A task that its pod could not hand over, since the group or its producer was lost, is like one of a pod that died.
    expect
      .soft(verdict.bill.boughtTwice, `bought twice, with ${dropped} tasks dropped`)
      .toBeLessThanOrEqual(dropped * rig.options.inFlightMax)
  },
}

async function beginWith(troubles: Troubles, rig: Rig): Promise<void> {
  await rig.startPods(['a', 'b'])
  rig.begin()
  await pause(SETTLE_MS)
  troubles.begin()
}

function tell(rig: Rig, troubles: Troubles) {
  const failures = rig.lives.flatMap(each => each.messages.filter(({ type }) => type === 'commitFailed'))
  const reasoned = (reason: string) => failures.filter(each => JSON.stringify(each).includes(reason)).length
  const [unknown, askedAgain] = [reasoned('OUTCOME_UNKNOWN'), reasoned(ASKED_AGAIN)]
  const { done, left } = troubles
  const figures = { troubles: done, left, commitsFailed: failures.length, unknown, askedAgain }
  report('', { ...figures, dropped: tasksDropped(rig) })
  expect.soft(troubles.done, 'troubles that happened').toBeGreaterThan(20)
  return figures
}

/** Tasks that ran, and that their pod gave up without a hand-over. */
function tasksDropped(rig: Rig): number {
  let dropped = 0
  for (const { messages } of rig.lives) {
    const running = new Set<string>()
    for (const each of messages) {
      if (each.type !== 'task') continue
      if (each.to === 'closedDirty' && running.has(each.task)) dropped++
      if (each.to === 'running') running.add(each.task)
      if (each.to.startsWith('closed')) running.delete(each.task)
    }
  }
  return dropped
}
