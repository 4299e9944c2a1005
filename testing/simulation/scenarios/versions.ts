/**
 * Two versions of a graph, rolled forth and back over the pods. The later version has one more stage, which counts the answers of
 * each key. Answers from a time with only the earlier version are counted when the later version is back.
 */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/builder.ts'
import { allOut, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import { boughtOnce } from '../checks/purchases.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import type { Model } from '../model-server.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

interface Asked {
  readonly id: string
}
interface Answered extends Asked {
  readonly text: string
}
interface Counted extends Asked {
  readonly count: number
}

const asked = codec.json<Asked>('asked')
const answered = codec.json<Answered>('answered')
const counted = codec.json<Counted>('counted')
const number = codec.json<number>('number')

const askWith = (model: Model) =>
  operator({
    name: 'ask',
    input: asked,
    outputs: { answers: answered },
    steps: { text: codec.json<string>('text') },
    async process({ value: { id } }, ctx) {
      const text = await ctx.step('text', call => model.ask(`${id}/text`, call))
      ctx.emit('answers', { id, text })
    },
  })

const tally = operator({
  name: 'tally',
  input: answered,
  outputs: { counts: counted },
  state: { count: state.value(number) },
  process({ value: { id } }, ctx) {
    const count = (ctx.state.count.get() ?? 0) + 1
    ctx.state.count.set(count)
    ctx.emit('counts', { id, count })
  },
})

export const versions: Scenario = {
  name: 'versions',
  shape: { ...STANDARD_SHAPE, faults: 10 },
  versions: 2,
  graph({ model }, version) {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('versions')
    const questions = graph.source('questions', { value: asked, partitions, partitionedByKey: true })
    const answers = graph.topic('answers', { value: answered, partitions })
    questions.process('ask', askWith(model)).to(answers)
    if (version === 0) return graph.build()
    const counts = graph.topic('counts', { value: counted, partitions })
    answers.process('tally', tally).to(counts)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'questions',
      codec: asked,
      keys: 40,
      value: index => ({ id: `q${index}` }),
    }),
  isComplete: evidence =>
    allOut('questions', 'answers')(evidence) && evidence.count('counts') >= evidence.count('answers'),
  checks: [
    podsHeld,
    exactlyOnce(idsIn('questions'), idsOut('answers')),
    exactlyOnce(idsIn('answers'), idsIn('counts')),
    inOrder,
    boughtOnce({ inputs: 'questions', stageOf: () => 'ask' }),
  ],
}

/** The answers of each key are counted one after the other, from the first. */
function inOrder(evidence: Evidence): string[] {
  const byKey = Map.groupBy(evidence.read('counts', counted), ({ key }) => key)
  return [...byKey].flatMap(([key, seen]) => {
    const counts = seen.map(({ value: { count } }) => count)
    return counts.every((count, index) => count === index + 1) ? [] : [`${key} was counted as ${counts}`]
  })
}
