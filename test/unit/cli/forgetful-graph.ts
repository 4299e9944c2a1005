/** A graph that keeps its count in a variable of the process instead of in state: whoever takes over begins anew. */
import { json, operator, text, topology } from '../../../index.ts'

const Count = json<number>('Count')
let seen = 0
const count = operator({
  name: 'count',
  input: text,
  outputs: { counted: Count },
  process: (_, ctx) => ctx.emit('counted', ++seen),
})

const builder = topology('forgetful')
export const words = builder.source('words', { value: text, partitionedByKey: true, partitions: 2 })
const counts = builder.topic('counts', { value: Count, partitions: 2 })
words.process(count).to(counts)
export const graph = builder.build()
export const inputs = Array.from({ length: 30 }, (_, index) => ({
  source: words,
  key: `k${index % 3}`,
  value: 'x',
}))
