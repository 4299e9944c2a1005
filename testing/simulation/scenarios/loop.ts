/** A loop through topics: drafts are judged, and drafts below the mark are made again, at most three times. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { topology } from '#topology/builder.ts'
import { seedOf } from '../../seeded-random.ts'
import { allOut, deadIds, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import { boughtOnce } from '../checks/purchases.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import type { Model } from '../model-server.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

const ATTEMPTS_MAX = 3

interface Task {
  readonly id: string
}
interface Attempt extends Task {
  readonly attempt: number
  /** What was said of the attempt before. */
  readonly because?: string
}
interface Draft extends Attempt {
  readonly text: string
  readonly verdict?: string
}

const task = codec.json<Task>('task')
const attempt = codec.json<Attempt>('attempt')
const draft = codec.json<Draft>('draft')

const draftWith = (model: Model) =>
  operator({
    name: 'draft',
    input: attempt,
    outputs: { drafted: draft },
    steps: { draft: codec.text },
    async process({ value }, ctx) {
      const made = await ctx.step('draft', call => model.ask(`${value.id}/${value.attempt}/draft`, call))
      ctx.emit('drafted', { ...value, text: made })
    },
  })

const judgeWith = (model: Model) =>
  operator({
    name: 'judge',
    input: draft,
    outputs: { done: draft, again: attempt },
    steps: { verdict: codec.text },
    async process({ value }, ctx) {
      const { id, attempt: number } = value
      const verdict = await ctx.step('verdict', call => model.ask(`${id}/${number}/verdict`, call))
      if (isGood(verdict) || number === ATTEMPTS_MAX) ctx.emit('done', { ...value, verdict })
      else ctx.emit('again', { id, attempt: number + 1, because: verdict })
    },
  })

/** True for half of all verdicts, because each call gets a different answer. */
function isGood(verdict: string): boolean {
  return seedOf(0, verdict) % 2 === 0
}

export const loop: Scenario = {
  name: 'loop',
  shape: { ...STANDARD_SHAPE, records: 100 },
  graph({ model }) {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('loop')
    const tasks = graph.source('tasks', { value: task, partitions, partitionedByKey: true })
    const requests = graph.topic('requests', { value: attempt, partitions })
    const drafts = graph.topic('drafts', { value: draft, partitions })
    const done = graph.topic('done', { value: draft, partitions })
    tasks.map('begin', attempt, ({ id }) => ({ id, attempt: 1 })).to(requests)
    requests.process('draft', draftWith(model)).to(drafts)
    drafts
      .process('judge', judgeWith(model), { endsBecause: 'each passage spends an attempt' })
      .on('done')
      .to(done)
      .on('again')
      .to(requests)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'tasks',
      codec: task,
      keys: 30,
      value: index => ({ id: `t${index}` }),
    }),
  isComplete: allOut('tasks', 'done'),
  checks: [
    podsHeld,
    exactlyOnce(idsIn('tasks'), idsOut('done')),
    withinAttempts,
    boughtOnce({ inputs: 'tasks', stageOf: question => (question.endsWith('draft') ? 'draft' : 'judge') }),
  ],
}

/** Each attempt is drafted once, one after another, and no more often than allowed. */
function withinAttempts(evidence: Evidence): string[] {
  const dead = new Set(deadIds(evidence))
  const made = Map.groupBy(evidence.read('drafts', draft), ({ value: { id } }) => id)
  return [...made].flatMap(([id, drafts]) => {
    const numbers = drafts.map(({ value: each }) => each.attempt).sort()
    const inTurn = numbers.every((number, index) => number === index + 1)
    if (inTurn && numbers.length <= ATTEMPTS_MAX) return []
    return dead.has(id) ? [] : [`${id} had the attempts ${numbers}`]
  })
}
