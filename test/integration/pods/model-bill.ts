/** What the model server was asked for and bills: who called, when, and whether the caller was still there at the end. */
import { join } from 'node:path'

export const MODEL_PROGRAM = join(import.meta.dirname, 'model-server.ts')

export interface ModelSettings {
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** Question to the latency of its calls. */
  readonly slow: Readonly<Record<string, number>>
}

export interface Call {
  /** Identity of the purchase: the same call is to be paid for once. */
  readonly call: string
  readonly id: string
  readonly key: string
  readonly round: number
  readonly pod: string
  /** By the caller's word: the model may hear of it later. */
  readonly begun: number
  ended: number | undefined
  /** The connection of the caller was open when the answer was sent. */
  delivered: boolean
  /** When the caller had read the answer, if it ever did. */
  takenInAt?: number
}

/** An answer that was paid for once more, and the call before, which had been enough. */
export interface Repurchase {
  readonly first: Call
  readonly second: Call
}

/** Every call beyond the first of its identity. */
export function repurchases(calls: readonly Call[]): readonly Repurchase[] {
  const byCall = Map.groupBy(calls, each => each.call)
  return [...byCall.values()].flatMap(same => {
    const [, ...more] = same.sort((a, b) => a.begun - b.begun)
    return more.flatMap((second, index) => {
      const first = same[index]
      return first ? [{ first, second }] : []
    })
  })
}

/** The calls of a pod that were begun until some time, and were not answered at an earlier one. */
export function inFlight(calls: readonly Call[], pod: string, at: number, begunUntil = at): number {
  return calls.filter(each => each.pod === pod && each.begun <= begunUntil && (each.ended ?? at) >= at).length
}
