/** A graph whose values are Avro: nobody can read their bytes, nor type them. */
import { codec, operator, topology } from '../../../index.ts'
import { avro } from '../../../schemas/avro/index.ts'

interface Order {
  readonly item: string
  readonly count: number
}
const Orders = avro<Order>(
  '{"type":"record","name":"Order","fields":[{"name":"item","type":"string"},{"name":"count","type":"int"}]}',
)
const check = operator({
  name: 'check',
  input: Orders,
  outputs: { accepted: codec.text },
  process({ value }, ctx) {
    if (value.count === 0) throw new TypeError('nothing is ordered')
    ctx.emit('accepted', `${value.count} ${value.item}`)
  },
})
const note = operator({ name: 'note', input: codec.text, outputs: {}, process() {} })

const builder = topology('orders')
const orders = builder.source('orders', { value: Orders, partitionedByKey: true, partitions: 2 })
const notes = builder.source('notes', { value: codec.text, partitions: 2 })
export const accepted = builder.topic('accepted', { value: codec.text, partitions: 1 })
orders.process('check', check).to(accepted)
notes.process('note', note)
export const graph = builder.build()
