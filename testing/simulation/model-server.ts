/**
 * A paid model outside the cluster. Its calls take virtual time, fail or hang. The model keeps the ledger behind a provider's bill:
 * the process, the question, the request id and the answer of each call.
 *
 * The server goes on when its client dies: an answer to a dead pod is paid for all the same. Only a client that takes its call back
 * before the answer does not pay.
 */

import type { StepCall } from '#core/context.ts'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Random } from '../seeded-random.ts'

export interface Call {
  readonly requestId: string
  readonly question: string
  /** The process that asked. */
  readonly process: string
  readonly startedAt: number
  endedAt: number | undefined
  /** When the process learned of the end. That is later than the end if the process slept, and never if it was killed. */
  learnedAt: number | undefined
  outcome: 'open' | 'answered' | 'failed' | 'aborted'
}

/** How the provider behaves. Shares are from 0 to 1. */
export interface Mood {
  readonly failed: number
  readonly hanging: number
  /** Latency is multiplied by this. */
  readonly slowness: number
}

export const GOOD_MOOD: Mood = { failed: 0, hanging: 0, slowness: 1 }

export interface Model {
  /** Resolves with an answer that no other call gets. */
  ask(question: string, call: Pick<StepCall, 'id' | 'signal'>): Promise<string>
}

export class ModelServer {
  readonly calls: Call[] = []
  mood: Mood = GOOD_MOOD
  readonly #world: System
  readonly #random: Random
  readonly #latencyMs: readonly [min: number, max: number]

  constructor(world: System, random: Random, latencyMs: readonly [number, number]) {
    this.#world = world
    this.#random = random
    this.#latencyMs = latencyMs
  }

  /** The model as one process reaches it: answers arrive on that process's own system. */
  connect(process: string, system: System): Model {
    return { ask: (question, { id, signal }) => this.#ask(process, system, question, id, signal) }
  }

  #ask(
    process: string,
    system: System,
    question: string,
    requestId: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const world = this.#world
    const call = openCall(requestId, question, process, world.now())
    const serial = this.calls.push(call)
    const end = (outcome: Call['outcome'], settle: () => void) => {
      if (call.outcome !== 'open') return
      call.outcome = outcome
      call.endedAt = world.now()
      system.defer(() => {
        call.learnedAt = world.now()
        settle()
      })
    }
    signal.addEventListener('abort', () => end('aborted', () => reject(signal.reason)), { once: true })
    const { failed, hanging, slowness } = this.mood
    const isHanging = this.#random() < hanging
    const isFailing = this.#random() < failed
    if (isHanging) return promise
    world.after(this.#drawLatency() * slowness, () => {
      if (isFailing) end('failed', () => reject(refusal()))
      else end('answered', () => resolve(`${question} is ${serial}`))
    })
    return promise
  }

  #drawLatency(): number {
    const [min, max] = this.#latencyMs
    return min + this.#random() * (max - min)
  }
}

function refusal(): CaudalError {
  const details = { model: 'simulated', errorType: 'unavailable', reason: 'the provider has a bad time' }
  return new CaudalError('MODEL_UNAVAILABLE', details)
}

function openCall(requestId: string, question: string, process: string, startedAt: number): Call {
  const unknown = { endedAt: undefined, learnedAt: undefined }
  return { requestId, question, process, startedAt, ...unknown, outcome: 'open' }
}
