/** A graph that keeps its count in a variable of the process instead of in state: the next owner begins at zero. */
import { codec, operator, topology } from '../../../index.ts'

const Count = codec.json<number>('Count')
let seen = 0
const count = operator({
  name: 'count',
  input: codec.text,
  outputs: { counted: Count },
  process: (_, ctx) => ctx.emit('counted', ++seen),
})

const builder = topology('forgetful')
export const words = builder.source('words', { value: codec.text, partitionedByKey: true, partitions: 2 })
const counts = builder.topic('counts', { value: Count, partitions: 2 })
words.process('count', count).to(counts)
export const graph = builder.build()
export const inputs = Array.from({ length: 30 }, (_, index) => ({
  source: words,
  key: `k${index % 3}`,
  value: 'x',
}))
