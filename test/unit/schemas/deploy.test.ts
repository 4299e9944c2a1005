/** Checking and registering at a deploy: the subjects, the report, and that all is checked before anything is registered. */
import { expect, test } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { answers } from '#pipelines/answers.ts'
import { avro } from '#schemas/avro/avro-codec.ts'
import { checkSchemas, registerSchemas, subjectsOf } from '#schemas/avro/deploy.ts'
import { jsonOrAvro } from '#schemas/avro/json-or-avro.ts'
import { topology } from '#topology/builder.ts'
import { codecsOf, withCodecs } from '#topology/codecs.ts'
import { COUNT_BAD, COUNT_V1, COUNT_V2, KINDS_SCHEMA } from './records.ts'
import { testRegistry } from './registries.ts'

function graphOf(schema: string) {
  const count = avro<object>(schema)
  const kinds = avro<object>(KINDS_SCHEMA)
  const graph = topology('deploy')
  const source = graph.source('in', { value: kinds })
  graph.table('settings', { value: jsonOrAvro(kinds), key: () => 'k' })
  const keep = operator({
    name: 'keep',
    input: kinds,
    outputs: { out: count },
    state: {
      count: state.value(count),
      names: state.map(avro<string>('"string"', { name: 'deploy.names' })),
      plain: state.value(codec.json()),
    },
    steps: { ask: avro<number>('"double"', { name: 'deploy.ask' }) },
    process: () => undefined,
  })
  source
    .process('keep', keep)
    .on('out')
    .to(graph.topic('counts', { value: count, key: () => 'k' }))
  return graph.build()
}

test('a subject for each topic that is written, and for what state and steps alone hold', () => {
  expect(subjectsOf(graphOf(COUNT_V1)).map(({ name, schema }) => [name, schema.name])).toEqual([
    ['settings-value', 'test.Kinds'],
    ['counts-value', 'test.Count'],
    ['deploy.names', 'string'],
    ['deploy.ask', 'double'],
  ])
})

test('the pipeline has one for each of its values', () => {
  const model = { complete: () => Promise.reject(new TypeError('not asked')) }
  expect(subjectsOf(answers({ model })).map(({ name }) => name)).toEqual([
    'llm.config-value',
    'llm.intake-value',
    'llm.requests-value',
    'llm.generated-value',
    'llm.errors-value',
    'llm.validated-value',
    'llm.failed-value',
    'llm.actions-value',
    'datos_procesados-value',
    'caudal.answers.Seen',
    'caudal.answers.Bought',
  ])
})

test('checking tells the state of each and changes nothing', async () => {
  const registry = testRegistry()
  const states = async (schema: string) =>
    (await checkSchemas(graphOf(schema), registry)).map(({ subject, state }) => `${subject}: ${state}`)
  expect(await states(COUNT_V1)).toContain('counts-value: new')
  expect(await states(COUNT_V1)).toContain('counts-value: new')
  await registerSchemas(graphOf(COUNT_V1), registry)
  expect(await states(COUNT_V1)).toContain('counts-value: registered')
  expect(await states(COUNT_V2)).toContain('counts-value: compatible')
  expect(await states(COUNT_BAD)).toContain('counts-value: incompatible')
  const bad = (await checkSchemas(graphOf(COUNT_BAD), registry)).find(({ state }) => state === 'incompatible')
  expect(bad?.reason).toContain('owner')
})

test('with one that is incompatible none is registered', async () => {
  const registry = testRegistry()
  await registry.register('counts-value', COUNT_V1)
  await expect(registerSchemas(graphOf(COUNT_BAD), registry)).rejects.toThrow(
    /SCHEMAS_REFUSED.*\ncounts-value: test.Count cannot read/,
  )
  expect(await registry.latest('settings-value')).toBeUndefined()
})

test('registering again gives the same ids', async () => {
  const registry = testRegistry()
  const first = await registerSchemas(graphOf(COUNT_V1), registry)
  expect(await registerSchemas(graphOf(COUNT_V1), registry)).toEqual(first)
  expect(first.get('counts-value')).toBe(2)
})

test('two schemas of one name cannot stand under one subject', () => {
  const graph = topology('clash')
  const input = graph.source('in', { value: codec.json() })
  const clash = operator({
    name: 'clash',
    input: codec.json(),
    state: { a: state.value(avro(COUNT_V1)), b: state.value(avro(COUNT_V2)) },
    process: () => undefined,
  })
  input.process('clash', clash)
  expect(() => subjectsOf(graph.build())).toThrow('test.Count stands for two schemas')
})

test('codecs of a graph are replaced in a copy, place by place', () => {
  const graph = graphOf(COUNT_V1)
  const marked = withCodecs(graph, ({ name }) => ({ ...codec.json(), name: `${name}!` }))
  expect(codecsOf(marked).map(({ codec }) => codec.name)).toEqual(
    codecsOf(graph).map(({ codec }) => `${codec.name}!`),
  )
  expect(codecsOf(graph).map(({ place: { kind } }) => kind)).toEqual([
    'topic',
    'topic',
    'topic',
    'state',
    'state',
    'state',
    'input',
    'output',
    'step',
  ])
  expect(marked.operators[0]?.operator.state.names?.kind).toBe('map')
})
