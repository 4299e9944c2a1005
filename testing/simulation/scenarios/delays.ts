/** Delays: each job is tried three times, with longer and longer waits between that are served by tiers, hop by hop. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { HEADER } from '#core/record.ts'
import { decodeDelay } from '#engine/record/delay-route.ts'
import { topology } from '#topology/builder.ts'
import { tierTopicOf } from '#topology/names.ts'
import { allOut, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import { type Evidence, idOf } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

const APPLICATION = 'delays'
const TIERS_MS = [100, 500, 2_000]
/** Below the smallest tier, between two, and above the largest. */
const WAITS_MS = [60, 1_750, 4_620]
const SMALLEST_MS = 100
/** What a hop takes besides waiting. */
const HOP_MS = 100

interface Job {
  readonly id: string
}
interface Tried extends Job {
  /** When each try was due, and when it was made. */
  readonly tries: readonly { readonly due: number; readonly at: number }[]
  readonly due: number
}

const job = codec.json<Job>('job')
const tried = codec.json<Tried>('tried')

const attempt = operator({
  name: 'attempt',
  input: tried,
  outputs: { again: tried, done: tried },
  process({ value: { id, tries, due } }, ctx) {
    const all = [...tries, { due, at: ctx.now }]
    const waitMs = WAITS_MS[tries.length]
    if (waitMs === undefined) return ctx.emit('done', { id, tries: all, due })
    const next = ctx.now + waitMs
    ctx.emit('again', { id, tries: all, due: next }, { notBefore: next })
  },
})

export const delays: Scenario = {
  name: 'delays',
  clocksAgree: true,
  shape: { ...STANDARD_SHAPE, records: 80 },
  graph() {
    const { partitions } = STANDARD_SHAPE
    const graph = topology(APPLICATION)
    const jobs = graph.source('jobs', { value: job, partitions })
    const tries = graph.topic('tries', { value: tried, partitions })
    const done = graph.topic('done', { value: tried, partitions })
    jobs.map('begin', tried, ({ id }) => ({ id, tries: [], due: 0 })).to(tries)
    tries
      .process('attempt', attempt, { endsBecause: 'each passage spends an attempt' })
      .on('again')
      .delay({ tiers: TIERS_MS })
      .to(tries)
      .on('done')
      .to(done)
    return graph.build()
  },
  followed: TIERS_MS.map(waitMs => tierTopicOf(APPLICATION, waitMs)),
  inputs: (random, shape) =>
    drawInputs(random, shape, { topic: 'jobs', codec: job, keys: 40, value: index => ({ id: `j${index}` }) }),
  isComplete: allOut('jobs', 'done'),
  checks: [podsHeld, exactlyOnce(idsIn('jobs'), idsOut('done')), inTime, byTiers],
}

/** Never early; and, while nothing is wrong, at most the smallest tier late. */
function inTime(evidence: Evidence): string[] {
  const latest = evidence.strikes > 0 ? Number.POSITIVE_INFINITY : SMALLEST_MS + HOP_MS
  return evidence.read('done', tried).flatMap(({ value: { id, tries } }) => {
    if (tries.length !== WAITS_MS.length + 1) return [`${id} was tried ${tries.length} times`]
    return tries.slice(1).flatMap(({ due, at }) => {
      if (at < due) return [`${id} was tried ${due - at} ms early`]
      return at - due > latest ? [`${id} was tried ${at - due} ms late`] : []
    })
  })
}

interface Hop {
  readonly waitMs: number
  readonly due: number
  readonly enteredAt: number
}

/** Each hop waits in the largest tier that is not longer than the rest, else in the smallest; and no hop is cut short. */
function byTiers(evidence: Evidence): string[] {
  return [...hopsOf(evidence)].flatMap(([id, unsorted]) => {
    const hops = [...unsorted].sort((a, b) => a.enteredAt - b.enteredAt)
    return hops.flatMap(({ waitMs, due, enteredAt }, index) => {
      const complaints: string[] = []
      const rest = due - enteredAt
      const fitting = TIERS_MS.filter(each => each <= rest).at(-1) ?? SMALLEST_MS
      if (waitMs !== fitting) complaints.push(`${id} waited ${waitMs} ms with ${rest} ms to go`)
      const next = hops[index + 1]
      if (next && next.enteredAt < enteredAt + waitMs)
        complaints.push(`${id} left a tier of ${waitMs} ms early`)
      return complaints
    })
  })
}

function hopsOf(evidence: Evidence): ReadonlyMap<string, readonly Hop[]> {
  const hops = TIERS_MS.flatMap(waitMs => {
    const topic = tierTopicOf(APPLICATION, waitMs)
    return evidence.read(topic, tried).flatMap(seen => {
      const delay = decodeDelay(seen.record.headers[HEADER.delay] ?? new Uint8Array())
      return delay ? [{ ...delay, waitMs, id: idOf(topic, seen) }] : []
    })
  })
  return Map.groupBy(hops, ({ id }) => id)
}
