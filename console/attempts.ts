/** The path of one question, from its events: its attempts, what waits, and how it stood at each moment. */
import type { RunEvent } from './shapes.ts'

/** One time that the question was tried: a call for the answer, and one for the verdict on it. */
export interface Attempt {
  readonly number: number
  readonly answered: RunEvent | undefined
  readonly judged: RunEvent | undefined
  readonly failures: readonly RunEvent[]
  /** The last wait, until the next call. */
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

/** As the question stood after these events, the first of them first. */
export function pathOf(events: readonly RunEvent[]): Path {
  const bought = events.filter(({ tokens_prompt: tokens }) => typeof tokens === 'number')
  const last = events.findLast(({ kind }) => kind in STATES)
  const end = endOf(events, last)
  return {
    // What follows the outcome changes nothing about it.
    state: STATES[(end ?? last)?.kind ?? ''] ?? 'accepted',
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
  const numbered = events.filter(({ attempt }) => attempt !== undefined)
  const byNumber = Map.groupBy(numbered, ({ attempt }) => attempt ?? 0)
  return [...byNumber]
    .sort(([one], [other]) => one - other)
    .map(([number, own]) => ({
      number,
      answered: own.find(({ kind }) => kind === 'generated' || kind === 'regenerated'),
      judged: own.find(({ kind }) => kind === 'scored'),
      failures: own.filter(({ kind }) => kind === 'call_failed'),
      waiting: own.findLast(({ kind }) => kind === 'waiting'),
    }))
}

/** The answer before this attempt's, which it replaces. */
export const answerBefore = ({ attempts }: Path, number: number): string | undefined =>
  attempts.findLast(each => each.number < number && each.answered !== undefined)?.answered?.reply
