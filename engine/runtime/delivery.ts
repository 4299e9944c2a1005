/** A value on its way into one operator; what `process` is given. */
import type { InputRecord } from '#engine/core/operator.ts'
import type { Headers } from '#engine/core/record.ts'
import { outputId } from './identity.ts'
import type { ProgramNode } from './stage-program.ts'

/** Something with an identity, made when it is asked for. */
export interface Identified {
  readonly id: string
}

export interface DeliveryFields {
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  readonly origin: Identified
}

export class Delivery implements InputRecord<string, unknown>, DeliveryFields, Identified {
  readonly node: ProgramNode
  readonly input: string
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  readonly origin: Identified

  constructor(node: ProgramNode, input: string, fields: DeliveryFields) {
    this.node = node
    this.input = input
    this.key = fields.key
    this.value = fields.value
    this.timestamp = fields.timestamp
    this.headers = fields.headers
    this.origin = fields.origin
  }

  get id(): string {
    return this.origin.id
  }
}

/** The identity of what an operator emitted to a fused one. */
export class Emitted implements Identified {
  readonly #from: Delivery
  readonly #output: string
  readonly #index: number
  #id: string | undefined

  constructor(from: Delivery, output: string, index: number) {
    this.#from = from
    this.#output = output
    this.#index = index
  }

  get id(): string {
    this.#id ??= outputId(this.#from.id, this.#from.node.name, this.#output, this.#index)
    return this.#id
  }
}
