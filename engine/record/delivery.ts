/** A delivery: a value with its key and headers on its way into one operator, as `process` gets it. */

import type { InputRecord } from '#core/context.ts'
import type { CaudalError } from '#core/errors.ts'
import type { Headers } from '#core/record.ts'
import { type Identified, outputId } from './identity.ts'
import type { ProgramNode } from './stage-program.ts'

export interface DeliveryFields {
  /** Unused if there is a fault. */
  readonly key: string | null
  /** Why the key is no text. The error is made and thrown when an operator reads the key. */
  readonly keyFault?: KeyFault | undefined
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  readonly origin: Identified
}

export type KeyFault = (node: string) => CaudalError

export class Delivery implements InputRecord<string, unknown>, DeliveryFields, Identified {
  readonly node: ProgramNode
  readonly input: string
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  readonly origin: Identified
  readonly keyFault: KeyFault | undefined
  /** How many operators of its stage lie between the record and this one, itself included. */
  readonly depth: number

  constructor(node: ProgramNode, input: string, fields: DeliveryFields) {
    this.node = node
    this.input = input
    this.key = fields.key
    this.value = fields.value
    this.timestamp = fields.timestamp
    this.headers = fields.headers
    this.origin = fields.origin
    this.keyFault = fields.keyFault
    this.depth = fields.origin instanceof Emitted ? fields.origin.depth : 1
    if (fields.keyFault) hideKey(this, fields.keyFault)
  }

  get id(): string {
    return this.origin.id
  }
}

/** Replaces the key by a getter that throws. A key that is no text so passes an operator that does not read it. */
function hideKey(delivery: Delivery, fault: KeyFault): void {
  const get = () => {
    throw fault(delivery.node.name)
  }
  Object.defineProperty(delivery, 'key', { get, enumerable: true })
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

  get depth(): number {
    return this.#from.depth + 1
  }

  get id(): string {
    this.#id ??= outputId(this.#from.id, this.#from.node.name, this.#output, this.#index)
    return this.#id
  }
}
