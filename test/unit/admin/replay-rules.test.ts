/** Which dead letters may be sent again: none that another reader of the topic would take for something new. */
import { expect, it } from 'vitest'
import { refusalOf } from '#admin/replay-rules.ts'
import { answers } from '#pipelines/answers.ts'
import { plan } from '#topology/plan.ts'

const port = {} as never
const whole = plan(
  answers({
    ...{ model: port, store: port, cache: port, history: port, partitions: 1 },
    webhooks: { caller: port, subscriptions: port },
  }),
)
const at = (topic: string, partition = 0) => ({
  ...{ topic, partition, offset: 0, timestamp: 1, headers: {}, key: null, value: null },
})

it.each([
  ['ingest', 'datos_crudos'],
  ['admit', 'llm.intake'],
  ['generate', 'llm.requests'],
  ['decide', 'llm.generated'],
  ['retry', 'llm.errors'],
  ['deliver', 'llm.validated'],
  ['chronicle', 'llm.recordings'],
  ['complete-batch', 'llm.batch-items'],
  ['call-webhook', 'llm.webhooks'],
])('a dead letter of %s may', (node, topic) => {
  expect(refusalOf({ node, origin: at(topic) }, whole)).toBeUndefined()
})

it.each([
  ['chronicle-intake', 'llm.intake', 'admit too', 'caudal database rebuild'],
  ['chronicle-failed', 'llm.failed', 'notify and applications too', 'caudal database rebuild'],
  ['persist', 'datos_procesados', 'notify and applications too', 'caudal database rebuild'],
  ['remember', 'datos_procesados', 'notify and applications too', 'a cache fills itself'],
  ['notify', 'datos_procesados', 'applications too', 'takes what comes'],
  ['of-another-graph', 'llm.intake', 'admit too', 'not in this graph'],
])('one of %s may not', (node, topic, readers, instead) => {
  const refusal = refusalOf({ node, origin: at(topic) }, whole)
  expect(refusal).toContain(readers)
  expect(refusal).toContain(instead)
})

it('nor one of a timer', () => {
  expect(refusalOf({ node: 'admit', origin: at('', -1) }, whole)).toContain('timer')
})
