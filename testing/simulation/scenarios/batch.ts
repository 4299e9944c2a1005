/** A batch operator: records of many keys are stored together; some rows are refused alone, and then the rest goes on. */
import { codec } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { batchOperator } from '#core/operator.ts'
import { topology } from '#topology/builder.ts'
import { allOut, deadIds, exactlyOnce, idsIn, idsOut, podsHeld } from '../checks/outcomes.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import type { Model } from '../model-server.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

const BATCH_RECORDS_MAX = 20

interface Row {
  readonly id: string
}
interface Stored extends Row {
  /** How many rows were stored together. */
  readonly size: number
}

const row = codec.json<Row>('row')
const stored = codec.json<Stored>('stored')

/** The model stands for a database here: it takes time, fails and hangs. */
const storeWith = (database: Model) =>
  batchOperator({
    name: 'store',
    input: row,
    outputs: { stored },
    batch: { recordsMax: BATCH_RECORDS_MAX, wait: '100ms' },
    async processBatch(items, { signal }) {
      const ids = items.map(({ record }) => record.value.id)
      await database.ask(`rows ${ids}`, { id: ids.join(), signal })
      for (const item of items) {
        const { id } = item.record.value
        if (isRefused(id)) item.fail(new CaudalError('REJECTED', { reason: 'the row is refused' }))
        else item.emit('stored', { id, size: items.length })
      }
    },
  })

function isRefused(id: string): boolean {
  return id.endsWith('7')
}

export const batch: Scenario = {
  name: 'batch',
  shape: STANDARD_SHAPE,
  graph({ model }) {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('batch')
    const rows = graph.source('rows', { value: row, partitions })
    const table = graph.topic('table', { value: stored, partitions })
    rows.process('store', storeWith(model)).to(table)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'rows',
      codec: row,
      keys: 100,
      value: index => ({ id: `r${index}` }),
    }),
  isComplete: allOut('rows', 'table'),
  checks: [podsHeld, exactlyOnce(idsIn('rows'), idsOut('table')), refusedAlone, bounded],
}

/** What is refused is a dead letter; without trouble at the database, nothing else is. */
function refusedAlone(evidence: Evidence): string[] {
  const dead = new Set(deadIds(evidence))
  const missed = idsIn('table')(evidence).filter(isRefused)
  const complaints = missed.map(id => `${id} was stored though it is refused`)
  if (evidence.strikes > 0) return complaints
  const wrong = [...dead].filter(id => !isRefused(id))
  return [...complaints, ...wrong.map(id => `${id} is a dead letter for nothing`)]
}

function bounded(evidence: Evidence): string[] {
  const sizes = evidence.read('table', stored).map(({ value: { size } }) => size)
  return Math.max(0, ...sizes) <= BATCH_RECORDS_MAX ? [] : [`a batch had ${Math.max(...sizes)} rows`]
}
