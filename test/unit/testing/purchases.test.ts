/** What the check of purchases excuses: a call that was in flight, or answered within the open commit cycle, at a process that was hit. */
import { describe, expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { encodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { encodeMarker } from '#engine/commit/claims.ts'
import { CHECKPOINT, markerEntry } from '#engine/state/layout.ts'
import { boughtOnce } from '#testing/simulation/checks/purchases.ts'
import { type Disturbance, Evidence } from '#testing/simulation/evidence.ts'
import { Fleet } from '#testing/simulation/fleet.ts'
import { Ledger } from '#testing/simulation/ledger.ts'
import type { Call } from '#testing/simulation/model-server.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'

const { plan } = new Fleet({ scenario: standard, seed: 1 })
const STATE = { topic: 'standard.answer.state', partition: 0 }
const HIT: Disturbance = { process: 'a', from: 150, until: 150, settledBy: 5_150 }

/** The same question, asked by a at 100 and by b at 1,000. */
const twice = (): Call[] => [call('a', 100, 200), call('b', 1_000, 1_100)]

function call(process: string, startedAt: number, endedAt: number): Call {
  const question = 'q1/draft'
  return { requestId: 'id', question, process, startedAt, endedAt, learnedAt: endedAt, outcome: 'answered' }
}

function record(key: string, value: Uint8Array, timestamp: number) {
  return { key: Buffer.from(key), value, headers: NO_HEADERS, timestamp, offset: 0 }
}

/** How far the wall clock of a is ahead of the world when its commit begins, and when the commit is decided. */
const IN_TIME = { begins: 0, ends: 0 }

/** A commit of the task by a, begun then, with the answers of these calls. */
function committed(ledger: Ledger, at: number, answers: readonly number[] = [], aheadMs = IN_TIME): void {
  const checkpoint = encodeCheckpoint({ format: 1, incarnation: 'a:1:x', number: 1, sources: {} })
  const stamp = at + aheadMs.begins
  const records = [record(CHECKPOINT, checkpoint, stamp)]
  for (const number of answers) records.push(record('sid', Buffer.from(`q1/draft is ${number}`), stamp))
  ledger.committed([{ place: STATE, records }], at + 5, () => at + 5 + aheadMs.ends)
}

function complaints(calls: Call[], ledger: Ledger, disturbances: readonly Disturbance[]): readonly string[] {
  const question = record('k', Buffer.from('{"id":"q1"}'), 0)
  const evidence = new Evidence({
    plan,
    committed: topic => (topic === 'questions' ? [[question]] : []),
    calls,
    ledger,
    processOf: incarnation => incarnation.slice(0, 1),
    hadDuplicate: () => false,
    disturbances,
    failures: [],
    strikes: 1,
  })
  return boughtOnce({ inputs: 'questions', stageOf: () => 'answer' })(evidence)
}

describe('a second purchase', () => {
  it('a second purchase of what was in flight at a process that was hit is excused', () => {
    expect(complaints(twice(), new Ledger(), [HIT])).toEqual([])
  })

  it('a second purchase without a fault is reported', () => {
    expect(complaints(twice(), new Ledger(), [])).toEqual([expect.stringContaining('bought twice')])
  })

  it('a second purchase of an answer from long before the fault is reported, because its commit cycle was over', () => {
    const late = { ...HIT, from: 400, until: 400 }
    expect(complaints(twice(), new Ledger(), [late])).toEqual([expect.stringContaining('bought twice')])
  })

  it('a second purchase of a durable answer is reported, whatever has hit its first buyer', () => {
    const ledger = new Ledger()
    committed(ledger, 210, [1])
    expect(complaints(twice(), ledger, [HIT])).toEqual([expect.stringContaining('was durable at 215')])
  })

  it('a second purchase of what is durable is excused at a process that was hit, until its lease is over', () => {
    const ledger = new Ledger()
    committed(ledger, 210, [1])
    const asker = { ...HIT, process: 'b', from: 900, until: 4_000 }
    expect(complaints(twice(), ledger, [HIT, asker])).toEqual([])
    const late = [call('a', 100, 200), call('b', 2_500, 2_600)]
    expect(complaints(late, ledger, [HIT, asker])).toEqual([expect.stringContaining('was durable')])
  })

  it('a second purchase of an answer that a later commit of the task left out is reported, though a fault followed', () => {
    const ledger = new Ledger()
    committed(ledger, 210)
    expect(complaints(twice(), ledger, [HIT])).toEqual([expect.stringContaining('left out of the commit')])
  })

  it('a commit is compared with a call by the wall clock of its process', () => {
    const ledger = new Ledger()
    committed(ledger, 210, [], { begins: 3_600_000, ends: 3_600_000 })
    expect(complaints(twice(), ledger, [HIT])).toEqual([
      expect.stringContaining('left out of the commit of 210'),
    ])
  })

  it('a commit whose time stamp is later than its decision was made by a clock that was set since, and shows nothing', () => {
    const ledger = new Ledger()
    committed(ledger, 210, [], { begins: 3_600_000, ends: 0 })
    expect(complaints(twice(), ledger, [HIT])).toEqual([])
  })

  it('a second purchase is excused if the task was marked again before that commit', () => {
    const ledger = new Ledger()
    const marker = encodeMarker({ incarnation: 'a:1:x', producer: 'a', nonce: 'n' })
    ledger.committed([{ place: STATE, records: [record(markerEntry('n'), marker, 205)] }], 206, () => 206)
    committed(ledger, 210)
    expect(complaints(twice(), ledger, [HIT])).toEqual([])
  })
})
