/** The path of one question, from its events: its attempts, what waits, and how it stood at each moment. */
import type { RunEvent } from './shapes.ts'

/** One time that the question was tried: a call for the answer, and one for the verdict on it. */
export interface Attempt {
  /** How often the question had failed and was sent again before: its attempts are counted from 1 on once more. */
  readonly round: number
  readonly number: number
  readonly answered: RunEvent | undefined
  readonly judged: RunEvent | undefined
  readonly failures: readonly RunEvent[]
  /** The wait for the next call, where nothing came behind it. */
  readonly waiting: RunEvent | undefined
}

export interface Path {
  readonly state: string
  readonly attempts: readonly Attempt[]
  readonly end: RunEvent | undefined
  /** Of the calls whose price is known. */
  readonly usd: number
  /** Calls that were bought, and whose price is not known. */
  readonly unpriced: number
  readonly tokens: number
  readonly final: number | undefined
}

/** By the event that came last. */
const STATES: Readonly<Record<string, string>> = {
  accepted: 'generating',
  generated: 'scoring',
  regenerated: 'scoring',
  scored: 'regenerating',
  call_failed: 'waiting',
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
}

/** A verdict that reached its threshold: nothing is generated again. */
const hasPassed = ({ kind, final, threshold }: RunEvent): boolean =>
  kind === 'scored' && final !== undefined && threshold !== undefined && final >= threshold

/** As the question stood after these events, the first of them first. */
export function pathOf(events: readonly RunEvent[]): Path {
  const bought = events.filter(({ tokens_prompt: tokens }) => typeof tokens === 'number')
  const last = events.findLast(({ kind }) => kind in STATES)
  const end = endOf(events, last)
  return {
    // What follows the outcome changes nothing about it.
    state: last && !end && hasPassed(last) ? 'delivering' : (STATES[(end ?? last)?.kind ?? ''] ?? 'accepted'),
    attempts: attemptsOf(events),
    end,
    usd: bought.reduce((sum, { cost_usd: usd }) => sum + (usd ?? 0), 0),
    unpriced: bought.filter(({ cost_usd: usd }) => typeof usd !== 'number').length,
    tokens: bought.reduce(
      (sum, { tokens_prompt: sent = 0, tokens_completion: made = 0 }) => sum + sent + made,
      0,
    ),
    final: events.findLast(({ final }) => typeof final === 'number')?.final,
  }
}

/** A failure that was sent again since is no end. */
const endOf = (events: readonly RunEvent[], last: RunEvent | undefined): RunEvent | undefined =>
  events.findLast(({ kind }) => kind === 'delivered') ?? (last?.kind === 'failed' ? last : undefined)

function attemptsOf(events: readonly RunEvent[]): readonly Attempt[] {
  const failures = events.flatMap(({ kind }, index) => (kind === 'failed' ? [index] : []))
  const numbered = events.flatMap((event, index) => {
    if (event.attempt === undefined) return []
    return [{ event, number: event.attempt, round: failures.filter(each => each < index).length }]
  })
  const groups = Map.groupBy(numbered, ({ round, number }) => `${round} ${number}`)
  return [...groups.values()]
    .map(attemptOf)
    .sort((one, other) => one.round - other.round || one.number - other.number)
}

interface Numbered {
  readonly event: RunEvent
  readonly round: number
  readonly number: number
}

function attemptOf(group: readonly Numbered[]): Attempt {
  const { round = 0, number = 0 } = group[0] ?? {}
  const own = group.map(({ event }) => event)
  const last = own.at(-1)
  return {
    round,
    number,
    answered: own.findLast(({ kind }) => kind === 'generated' || kind === 'regenerated'),
    judged: own.findLast(({ kind }) => kind === 'scored'),
    failures: own.filter(({ kind }) => kind === 'call_failed'),
    waiting: last?.kind === 'waiting' ? last : undefined,
  }
}

/** The answer before this attempt's, which it replaces. What failed as a whole is replaced by nothing. */
export const answerBefore = ({ attempts }: Path, { round, number }: Attempt): string | undefined =>
  attempts.findLast(each => each.round === round && each.number < number && each.answered !== undefined)
    ?.answered?.reply
