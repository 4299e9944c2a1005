/** How the calling operators keep to brakes: asked right before each call, and where a question waits that may not be asked for. */
import { type BrakeTable, brakeOn, EVERYTHING } from '#answers/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import type { LlmRequest } from '#answers/types.ts'
import type { EmitOptions } from '#core/context.ts'
import { Withheld } from '#models/model.ts'

/** Says since when the question waits for the brake, so that its history tells of it once and not at every look. */
export const BRAKE_HEADER = 'answer-brake'

/** The soonest that a question looks again: a brake that is released lets the first call go within two seconds. */
const LOOK_AGAIN_MS = 250
/** So many questions of a pod look again in a second, at most. */
const LOOKS_A_SECOND_MAX = 200
/** However many wait, each looks again within this time. */
const LOOK_AGAIN_MAX_MS = 600_000

/** A call that a brake has stopped. */
export class Braked extends Withheld {
  readonly scope: string
  readonly since: number

  constructor(
    model: string | undefined,
    brake: { readonly scope: string; readonly reason: string; readonly since: number },
  ) {
    const what = brake.scope === EVERYTHING ? 'every call' : `calls for ${brake.scope}`
    super(model ?? 'unknown', `no call was made, since a brake stops ${what}: ${brake.reason}`)
    this.name = 'Braked'
    this.scope = brake.scope
    this.since = brake.since
  }
}

interface BrakedStep {
  table(name: typeof TOPICS.brakes): BrakeTable
}

/** Throws `Braked` where no call may be made for the question now, with the brakes as they are at the time of asking. */
export function unlessBraked(call: BrakedStep, { task_type, organization_id }: LlmRequest, now: number) {
  const brakes = call.table(TOPICS.brakes)
  return (model: string | undefined): void => {
    const brake = brakeOn(brakes, { taskType: task_type, organization: organization_id, model }, now)
    if (brake) throw new Braked(model, brake)
  }
}

interface Waiting {
  readonly now: number
  readonly headers: { get(name: string): string | undefined }
}

/**
 * When the questions that a brake stops look again, one after another: a virtual queue. The first looks after a moment, each
 * of the others a little later than the one before. So few questions look often. Many look no more often than the log
 * takes easily, and yet one of them looks all the time. Each scope has a queue of its own. Who waits for a brake that is
 * released is not behind those who wait for another one.
 *
 * Trade-off: once the brake is released, the questions that wait come back at this rate too.
 */
export class BrakeQueue {
  /** When the last question of each scope looks again. */
  readonly #last = new Map<string, number>()

  /** How the question goes on to wait. */
  options({ now }: Waiting, { scope, since }: Braked): EmitOptions {
    const next = Math.max(now + LOOK_AGAIN_MS, (this.#last.get(scope) ?? 0) + 1_000 / LOOKS_A_SECOND_MAX)
    const notBefore = Math.min(next, now + LOOK_AGAIN_MAX_MS)
    for (const [other, last] of this.#last) if (last < now) this.#last.delete(other)
    this.#last.set(scope, notBefore)
    return { notBefore: Math.ceil(notBefore), headers: { [BRAKE_HEADER]: String(since) } }
  }
}

/** Whether the question has met this brake before. */
export const isKnown = ({ headers }: Waiting, { since }: Braked): boolean =>
  headers.get(BRAKE_HEADER) === String(since)
