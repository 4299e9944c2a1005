/** The values on the pipeline's topics, read and written from outside a pod: with the codecs of a plan, which know its registry. */

import type { Codec } from '#core/codec.ts'
import { decoded } from '#core/decoded.ts'
import { CaudalError } from '#core/errors.ts'
import { TOPICS } from './topics.ts'
import type {
  Delivered,
  Failed,
  Follower,
  Intake,
  LlmError,
  LlmRequest,
  Notice,
  Recording,
  TaskConfig,
  Webhook,
} from './types.ts'

/** Of a plan: its topics, each with its codec. */
export interface Planned {
  readonly topics: ReadonlyMap<string, { readonly codec: Codec<unknown> }>
}

interface Types {
  readonly [TOPICS.recordings]: Recording
  readonly [TOPICS.notices]: Notice
  readonly [TOPICS.followers]: Follower
  readonly [TOPICS.webhooks]: Webhook
  readonly [TOPICS.intake]: Intake
  readonly [TOPICS.delivered]: Delivered
  readonly [TOPICS.failed]: Failed
  readonly [TOPICS.errors]: LlmError
  readonly [TOPICS.requests]: LlmRequest
  readonly [TOPICS.config]: TaskConfig
}

/** Reads and writes values of the pipeline's topics by the codecs of a plan. */
export class Values {
  readonly #plan: Planned

  constructor(plan: Planned) {
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
