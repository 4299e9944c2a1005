/** The checks that every run must pass, whatever its faults: each question has one answer, and the state follows from them. */
import { isDeepStrictEqual } from 'node:util'
import {
  type Answer,
  addRound,
  follow,
  type Question,
  type Rounds,
  replyTo,
  roundsOf,
  type Total,
} from '../pods/graph.ts'
import type { Evidence } from './evidence.ts'

/** How far the outcomes are from one for each question. */
export interface Outcomes {
  readonly questions: number
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
}

export function outcomesOf({ questions, answers }: Evidence): Outcomes {
  const owed = new Map<string, number>()
  for (const { id } of questions.flat()) owed.set(id, (owed.get(id) ?? 0) + 1)
  for (const { id } of answers.flat()) owed.set(id, (owed.get(id) ?? 0) - 1)
  const lost = [...owed].flatMap(([id, count]) => (count > 0 ? [id] : []))
  const doubled = [...owed].flatMap(([id, count]) => (count < 0 ? [id] : []))
  return { questions: questions.flat().length, lost, doubled }
}

/** What differs from a single process that reads each partition in order; empty when nothing does. */
export function differences(evidence: Evidence): readonly string[] {
  const expected = sequentialModel(evidence.questions)
  const complaints = evidence.deadLetters.map(each => `dead letter of ${each}`)
  if (evidence.openSteps > 0) complaints.push(`${evidence.openSteps} steps are left in the state`)
  complaints.push(...evidence.answers.flat().flatMap(each => answerDiffers(each, expected.answers)))
  complaints.push(...differing('total', evidence.totals, expected.totals))
  complaints.push(...differing('rounds', evidence.rounds, expected.rounds))
  return complaints
}

function sequentialModel(questions: readonly (readonly Question[])[]) {
  const totals = new Map<string, Total>()
  const rounds = new Map<string, Rounds>()
  /** By question and its place among those of its key. */
  const answers = new Map<string, Total>()
  for (const { id, key } of questions.flat()) {
    const after = follow(totals.get(key), id)
    totals.set(key, after)
    answers.set(`${id}/${after.count}`, after)
    for (let round = 1; round <= roundsOf(id); round++)
      rounds.set(key, addRound(rounds.get(key), { id, key, round, ...after }))
  }
  return { totals, rounds, answers }
}

function answerDiffers(
  { id, count, chain, round, reply }: Answer,
  expected: ReadonlyMap<string, Total>,
): string[] {
  const complaints: string[] = []
  const total = expected.get(`${id}/${count}`)
  if (total?.chain !== chain) complaints.push(`${id} was answered as number ${count} of its key`)
  if (round !== roundsOf(id)) complaints.push(`${id} was answered after ${round} rounds, not ${roundsOf(id)}`)
  if (reply !== replyTo(id, round)) complaints.push(`${id} was answered ${reply}`)
  return complaints
}

function differing<T>(
  what: string,
  found: ReadonlyMap<string, T>,
  expected: ReadonlyMap<string, T>,
): string[] {
  const keys = new Set([...found.keys(), ...expected.keys()])
  return [...keys].flatMap(key => {
    const [is, wanted] = [found.get(key), expected.get(key)]
    if (isDeepStrictEqual(is, wanted)) return []
    return [`${what} of ${key} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`]
  })
}
