/**
 * Calls with random latency behind durable steps, and state per key: each question is drafted and judged by the model,
 * then counted. The chain of a key depends on every question before, so that a lost, doubled or reordered one shows in
 * all that follow.
 */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/builder.ts'
import { seedOf } from '../../seeded-random.ts'
import { allOut, deadIds, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import { boughtOnce } from '../checks/purchases.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import type { Model } from '../model-server.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

interface Question {
  readonly id: string
}
interface Total {
  readonly count: number
  readonly chain: number
}
interface Answer extends Total {
  readonly id: string
  readonly draft: string
  readonly verdict: string
}

const question = codec.json<Question>('question')
const total = codec.json<Total>('total')
const ordinal = codec.json<number>('ordinal')
const answer = codec.json<Answer>('answer')

const answerWith = (model: Model) =>
  operator({
    name: 'answer',
    input: question,
    outputs: { answered: answer },
    state: { total: state.value(total), seen: state.map(ordinal) },
    steps: { draft: codec.text, verdict: codec.text },
    async process(record, ctx) {
      const { id } = record.value
      const draft = await ctx.step('draft', call => model.ask(`${id}/draft`, call))
      const verdict = await ctx.step('verdict', call => model.ask(`${id}/verdict`, call))
      const after = follow(ctx.state.total.get(), id)
      ctx.state.total.set(after)
      ctx.state.seen.set(id, after.count)
      ctx.emit('answered', { id, ...after, draft, verdict })
    },
  })

function follow(before: Total | undefined, id: string): Total {
  return { count: (before?.count ?? 0) + 1, chain: seedOf(before?.chain ?? 0, id) }
}

export const standard: Scenario = {
  name: 'standard',
  shape: STANDARD_SHAPE,
  graph({ model }) {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('standard')
    const questions = graph.source('questions', { value: question, partitions, partitionedByKey: true })
    const answers = graph.topic('answers', { value: answer, partitions })
    questions.process('answer', answerWith(model)).to(answers)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'questions',
      codec: question,
      keys: 40,
      value: index => ({ id: `q${index}` }),
    }),
  isComplete: allOut('questions', 'answers'),
  checks: [
    podsHeld,
    exactlyOnce(idsIn('questions'), idsOut('answers')),
    inSequence,
    provenance,
    boughtOnce({ inputs: 'questions', stageOf: () => 'answer' }),
  ],
}

/** Answers and state are what one process would have made that reads each partition in order, dead letters left out. */
function inSequence(evidence: Evidence): string[] {
  const left = new Set(deadIds(evidence))
  const totals = new Map<string, Total>()
  const expected = new Map<string, Total>()
  for (const { key, value: input } of evidence.read('questions', question)) {
    if (left.has(input.id)) continue
    const after = follow(totals.get(key), input.id)
    totals.set(key, after)
    expected.set(input.id, after)
  }
  const complaints: string[] = []
  for (const { value: each } of evidence.read('answers', answer)) {
    const model = expected.get(each.id)
    if (model?.count !== each.count || model.chain !== each.chain)
      complaints.push(`${each.id} was answered as number ${each.count}, expected was ${model?.count}`)
  }
  return [...complaints, ...compareStates(evidence, totals, expected)]
}

function compareStates(
  evidence: Evidence,
  totals: ReadonlyMap<string, Total>,
  expected: ReadonlyMap<string, Total>,
): string[] {
  const complaints: string[] = []
  const stored = evidence.values('answer', 'answer', 'total', total)
  for (const [key, { count, chain }] of totals) {
    const found = stored.get(key)
    if (found?.count !== count || found.chain !== chain)
      complaints.push(`${key} has the total ${found?.count}, expected was ${count}`)
  }
  const seen = evidence.values('answer', 'answer', 'seen', ordinal)
  if (seen.size !== expected.size)
    complaints.push(`${seen.size} ids are seen, expected were ${expected.size}`)
  return complaints
}

/** The answers used are such that the provider has given, for this question. */
function provenance(evidence: Evidence): string[] {
  return evidence.read('answers', answer).flatMap(({ value: { id, draft, verdict } }) => {
    const isDrafted = isBill(evidence, draft, `${id}/draft`)
    return isDrafted && isBill(evidence, verdict, `${id}/verdict`) ? [] : [`${id} has an answer nobody gave`]
  })
}

function isBill(evidence: Evidence, text: string, asked: string): boolean {
  const call = evidence.calls[Number(text.split(' is ')[1]) - 1]
  return call?.question === asked && call.outcome === 'answered'
}
