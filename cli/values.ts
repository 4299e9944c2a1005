/** The values on the pipeline's topics, for tools: read and written with the codecs of a plan, which know its registry. */

import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed, LlmError, LlmRequest, TaskConfig } from '#answers/types.ts'
import type { Codec } from '#core/codec.ts'
import { CaudalError, NotYetReadable } from '#core/errors.ts'
import type { Plan } from '#topology/plan.ts'

/** Waits for the schema that the value was written with. */
export async function decoded<T>(codec: Codec<T>, bytes: Uint8Array): Promise<T> {
  for (;;) {
    try {
      return codec.decode(bytes)
    } catch (error) {
      if (!(error instanceof NotYetReadable)) throw error
      await error.ready
    }
  }
}

interface Types {
  readonly [TOPICS.delivered]: Delivered
  readonly [TOPICS.failed]: Failed
  readonly [TOPICS.errors]: LlmError
  readonly [TOPICS.requests]: LlmRequest
  readonly [TOPICS.config]: TaskConfig
}

export class Values {
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  async read<T extends keyof Types>(topic: T, bytes: Uint8Array): Promise<Types[T]> {
    const value = await decoded(this.#codec(topic), bytes)
    return value as Types[T] // The pipeline declares its topics with these types.
  }

  write<T extends keyof Types>(topic: T, value: Types[T]): Uint8Array {
    return this.#codec(topic).encode(value)
  }

  #codec(topic: string) {
    const node = this.#plan.topics.get(topic)
    if (!node) throw new CaudalError('TOPIC_MISSING', { topic })
    return node.codec
  }
}
