/** A value on its way into one operator; what `process` is given. */
import type { InputRecord } from '#engine/core/operator.ts'
import type { Headers } from '#engine/core/record.ts'
import type { ProgramNode } from './stage-program.ts'

export interface DeliveryFields {
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  /** Identity, made when somebody asks. */
  readonly makeId: () => string
}

export class Delivery implements InputRecord<string, unknown>, DeliveryFields {
  readonly node: ProgramNode
  readonly input: string
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly headers: Headers
  readonly makeId: () => string

  constructor(node: ProgramNode, input: string, fields: DeliveryFields) {
    this.node = node
    this.input = input
    this.key = fields.key
    this.value = fields.value
    this.timestamp = fields.timestamp
    this.headers = fields.headers
    this.makeId = fields.makeId
  }
}
