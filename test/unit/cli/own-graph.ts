/** A graph of somebody's own, as a module that a command is given. */
import { codec, operator, state, topology } from '../../../index.ts'

const Total = codec.json<number>('Total')
const count = operator({
  name: 'count',
  input: codec.text,
  outputs: { counted: Total },
  state: { total: state.value(Total) },
  process(record, ctx) {
    if (record.value === 'poison') throw new TypeError('no word')
    const total = (ctx.state.total.get() ?? 0) + record.value.length
    ctx.state.total.set(total)
    ctx.emit('counted', total)
  },
})

const builder = topology('own')
export const words = builder.source('words', { value: codec.text, partitionedByKey: true, partitions: 2 })
export const totals = builder.topic('totals', { value: Total, partitions: 2 })
words.process('count', count).to(totals)
export const graph = builder.build()

/** For a run under faults: keys of which some are hot, and now and then a word that is a dead letter. */
export const inputs = Array.from({ length: 60 }, (_, index) => ({
  source: words,
  key: `key-${index % 7}`,
  value: index % 20 === 13 ? 'poison' : 'x'.repeat(1 + (index % 5)),
}))
