/** Compares questions, outcomes and paid calls. Every difference becomes a sentence. */
import type { Application } from './application.ts'
import type { Purchase } from './provider.ts'

export interface Audit {
  readonly asked: number
  readonly delivered: number
  readonly failed: number
  /** Completions that the provider has answered in full. */
  readonly bought: number
  /** Of these, further ones of the same request id. */
  readonly boughtTwice: number
  /**
   * Request ids whose only answers were lost, because their pod was killed before a commit held them. Their last call then
   * failed. The question goes on with a call of another id, so no outcome records the purchase.
   */
  readonly boughtAndLost: number
  /** Calls that the outcomes say were paid for. */
  readonly recorded: number
  /** Broken promises, a line each. */
  readonly faults: readonly string[]
}

const SHOWN_MAX = 5

export async function audit(application: Application): Promise<Audit> {
  const { outcomes, asked } = application
  const { purchases, lost } = await application.provider.report()
  const delivered = outcomes.all.filter(({ isDelivered }) => isDelivered).length
  const twice = [...outcomes.byId].filter(([, found]) => found.length > 1).map(([id]) => id)
  const missing = [...asked.keys()].filter(id => !outcomes.byId.has(id))
  const unasked = [...outcomes.byId.keys()].filter(id => !asked.has(id))
  const silent = outcomes.all.filter(({ isDelivered, reason }) => !isDelivered && reason === '')
  const bought = purchases.length
  const boughtTwice = bought - new Set(purchases.map(({ id }) => id)).size
  const recorded = outcomes.all.reduce((sum, { calls }) => sum + calls, 0)
  const unexplained = bought - recorded - boughtTwice - lost.length
  return {
    asked: asked.size,
    delivered,
    failed: outcomes.all.length - delivered,
    bought,
    boughtTwice,
    boughtAndLost: lost.length,
    recorded,
    faults: [
      ...(unexplained === 0
        ? []
        : [
            `${bought} bought are not ${recorded} recorded, ${boughtTwice} bought twice and ${lost.length} lost`,
          ]),
      ...told('without an outcome', missing),
      ...told('with more than one outcome', twice),
      ...told('with an outcome, but never asked', unasked),
      ...told(
        'failed without a reason',
        silent.map(({ id }) => id),
      ),
      ...(outcomes.deadLetters > 0 ? [`${outcomes.deadLetters} dead letters`] : []),
      ...(application.restarts > 0 ? [`${application.restarts} pods ended by themselves`] : []),
    ],
  }
}

function told(what: string, ids: readonly string[]): readonly string[] {
  return ids.length === 0 ? [] : [`${ids.length} ${what}: ${ids.slice(0, SHOWN_MAX).join(', ')}`]
}

/**
 * For each completion that was bought again: how long before a kill its first answer came. That is the lost part of the commit
 * cycle. Slightly below 0 if the provider noticed the end of its caller late. Infinite without a kill near.
 */
export function lostMs(purchases: readonly Purchase[], killedAt: readonly number[]): readonly number[] {
  const first = new Map<string, number>()
  const lost: number[] = []
  for (const { id, at } of purchases) {
    const before = first.get(id)
    if (before === undefined) first.set(id, at)
    else
      lost.push(Math.min(...killedAt.filter(kill => kill >= before - NOTICED_MS).map(kill => kill - before)))
  }
  return lost
}

/** On a busy machine, a killed process and its connections may end only so long after the signal. */
const NOTICED_MS = 500
