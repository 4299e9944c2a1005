/** What became of each question, read as any consumer reads it: committed records alone. */

import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed } from '#answers/types.ts'
import type { Tool } from '#cli/tool.ts'
import { realSystem } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import { pause } from '../measuring.ts'

export interface Outcome {
  readonly id: string
  readonly isDelivered: boolean
  /** Why it failed; empty where it was delivered. */
  readonly reason: string
  /** Calls that the record says were paid for. */
  readonly calls: number
  readonly errorAttempts: number
  /** When a reader had it. */
  readonly at: number
}

export class Outcomes {
  readonly all: Outcome[] = []
  readonly byId = new Map<string, Outcome[]>()
  deadLetters = 0
  #following: readonly Following[] = []
  #next = Promise.withResolvers<void>()

  async start({ log, plan, values }: Tool): Promise<void> {
    const counted = (topic: string, onRecord: (value: Uint8Array, at: number) => unknown) =>
      follow(log, {
        topic,
        from: 'start',
        system: realSystem,
        onRecord: ({ value }) => value && onRecord(value, realSystem.now()),
      })
    this.#following = await Promise.all([
      counted(TOPICS.delivered, async (value, at) =>
        this.#add(deliveredOf(await values.read(TOPICS.delivered, value), at)),
      ),
      counted(TOPICS.failed, async (value, at) =>
        this.#add(failedOf(await values.read(TOPICS.failed, value), at)),
      ),
      counted(plan.deadLetterTopic, () => this.deadLetters++),
    ])
  }

  /** Everything that is there now has been read. */
  async caughtUp(): Promise<void> {
    await Promise.all(this.#following.map(each => each.caughtUp()))
  }

  /** Resolves with the next outcome, or after a second. */
  async next(): Promise<void> {
    await Promise.race([this.#next.promise, pause(1_000)])
  }

  /** Why questions failed. */
  get reasons(): readonly string[] {
    return this.all.flatMap(({ isDelivered, reason }) => (isDelivered ? [] : [reason]))
  }

  close(): void {
    for (const each of this.#following) each.close()
  }

  #add(outcome: Outcome): void {
    this.all.push(outcome)
    const before = this.byId.get(outcome.id)
    if (before) before.push(outcome)
    else this.byId.set(outcome.id, [outcome])
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }
}

function deliveredOf({ id, calls, error_attempts }: Delivered, at: number): Outcome {
  return { id, isDelivered: true, reason: '', calls, errorAttempts: error_attempts, at }
}

function failedOf({ id, reason, faults, request }: Failed, at: number): Outcome {
  return {
    id,
    isDelivered: false,
    reason: [reason, ...faults].join('; '),
    calls: request?.spent.calls ?? 0,
    errorAttempts: request?.error_attempts ?? 0,
    at,
  }
}
