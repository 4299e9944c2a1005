/** A keyed count without any waiting: value and map state, on the fast path that makes no promises. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/builder.ts'
import { allOut, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

interface Word {
  readonly id: string
}
interface Counted extends Word {
  readonly count: number
}

const word = codec.json<Word>('word')
const counted = codec.json<Counted>('counted')
const number = codec.json<number>('number')

const counting = operator({
  name: 'count',
  input: word,
  outputs: { counted },
  state: { total: state.value(number), byEnding: state.map(number) },
  process(record, ctx) {
    const { id } = record.value
    const count = (ctx.state.total.get() ?? 0) + 1
    const ending = endingOf(id)
    ctx.state.total.set(count)
    ctx.state.byEnding.set(ending, (ctx.state.byEnding.get(ending) ?? 0) + 1)
    ctx.emit('counted', { id, count })
  },
})

export const count: Scenario = {
  name: 'count',
  shape: { ...STANDARD_SHAPE, records: 400 },
  graph() {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('count')
    const words = graph.source('words', { value: word, partitions, partitionedByKey: true })
    const counts = graph.topic('counts', { value: counted, partitions })
    words.process('count', counting).to(counts)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'words',
      codec: word,
      keys: 50,
      value: index => ({ id: `w${index}` }),
    }),
  isComplete: allOut('words', 'counts'),
  checks: [podsHeld, exactlyOnce(idsIn('words'), idsOut('counts')), inOrder, sameState],
}

function endingOf(id: string): string {
  return id.slice(-1)
}

/** Per key, counts come out in order and follow the order of the inputs. */
function inOrder(evidence: Evidence): string[] {
  const counts = new Map<string, number>()
  const expected = evidence.read('words', word).map(({ key, value: { id } }) => {
    const next = (counts.get(key) ?? 0) + 1
    counts.set(key, next)
    return [id, next] as const
  })
  const byId = new Map(expected)
  const last = new Map<string, number>()
  return evidence.read('counts', counted).flatMap(({ key, value: { id, count: found } }) => {
    const complaints: string[] = []
    if (found !== byId.get(id)) complaints.push(`${id} was counted as ${found}, expected was ${byId.get(id)}`)
    if (found <= (last.get(key) ?? 0)) complaints.push(`${id} came out after a later one of ${key}`)
    last.set(key, found)
    return complaints
  })
}

function sameState(evidence: Evidence): string[] {
  const expected = new Map<string, number>()
  const add = (name: string) => expected.set(name, (expected.get(name) ?? 0) + 1)
  for (const {
    key,
    value: { id },
  } of evidence.read('words', word)) {
    add(key)
    add(`${key}/${endingOf(id)}`)
  }
  const totals = evidence.values('count', 'count', 'total', number)
  const endings = evidence.values('count', 'count', 'byEnding', number)
  const found = new Map([...totals, ...endings])
  const wrong = [...expected].filter(([name, each]) => found.get(name) !== each)
  const complaints = wrong.map(
    ([name, each]) => `state of ${name} is ${found.get(name)}, expected was ${each}`,
  )
  if (found.size !== expected.size)
    complaints.push(`${found.size} entries of state, expected were ${expected.size}`)
  return complaints
}
