/** A program whose operators leave promises behind; it prints what became of the records. */
import { batchOperator, type Operator, operator } from '#core/operator.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

const mode = process.argv[2]
/** The records have ended. A length of real time would not say so: on a busy machine they may take longer. */
const ended = Promise.withResolvers<void>()
const fail = async (after?: Promise<void>) => {
  if (after) await after
  throw new Error('nobody awaits this')
}

const single = operator({
  name: 'stray',
  input: numbers,
  outputs: { out: numbers },
  async process(record, ctx) {
    if (record.value === 1) void fail(mode === 'ended' ? ended.promise : undefined)
    if (mode === 'running') await new Promise(resolve => setTimeout(resolve, 0))
    ctx.emit('out', record.value)
  },
})
/** Without a promise of its own: both records run in one step, one right after the other. */
const plain = operator({
  name: 'stray',
  input: numbers,
  outputs: { out: numbers },
  process(record, ctx) {
    void fail()
    ctx.emit('out', record.value)
  },
})
const batch = batchOperator({
  name: 'stray',
  input: numbers,
  outputs: { out: numbers },
  batch: { recordsMax: 2, wait: 10 },
  async processBatch(items) {
    void fail()
    await new Promise(resolve => setTimeout(resolve, 0))
    for (const item of items) item.emit('out', item.record.value)
  },
})

const modes: Record<string, Operator> = { batch, plain }
await using kit = await testTopology(graphOf(modes[mode ?? ''] ?? single))
if (mode === 'foreign') void Promise.reject(new Error('of no record'))
await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
const lines = (text: string) =>
  kit.logs.filter(({ message }) => message.includes(text)).map(({ fields }) => fields)
/** Real time passes beside the virtual one until nothing is left to come. */
for (let turn = 0; turn < 200; turn++) {
  await new Promise(resolve => setTimeout(resolve, 1))
  await kit.advance(10)
  if (kit.read('out').length === 2) ended.resolve()
}
const letters = kit.deadLetters().map(({ code, node, origin, attempts, message }) => {
  return { code, node, attempts, message, place: `${origin.topic}/${origin.partition}@${origin.offset}` }
})
console.log(JSON.stringify({ read: kit.read('out'), letters, late: lines('after its record had ended') }))
