/** The Confluent API of a real registry: registering, refusing, finding, and a topology upgraded in place on it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { realSystem } from '#core/system.ts'
import { REGISTRY_URL } from '#deploy/local/addresses.ts'
import { run } from '#engine/client/run.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { answers } from '#pipelines/answers.ts'
import { avro } from '#schemas/avro/avro-codec.ts'
import { bindSchemas } from '#schemas/avro/bind.ts'
import { ConfluentRegistry } from '#schemas/avro/confluent-registry.ts'
import { checkSchemas, registerSchemas } from '#schemas/avro/deploy.ts'
import { topology } from '#topology/builder.ts'
import { warnings } from '../unit/schemas/registries.ts'
import { RUN, stackRuns } from './stack.ts'

const isThere = await stackRuns('registry')
const registry = new ConfluentRegistry(REGISTRY_URL)
const name = `Count${RUN.replace(/\W/g, '')}`

const schemaOf = (fields: readonly object[], more: object = {}) =>
  JSON.stringify({ type: 'record', name, namespace: 'test', fields, ...more })
const V1 = schemaOf([{ name: 'total', type: 'int' }])
const V2 = schemaOf([
  { name: 'sum', aliases: ['total'], type: 'long' },
  { name: 'last', type: ['null', 'string'], default: null },
])
const BAD = schemaOf([{ name: 'owner', type: 'string' }])

describe.skipIf(!isThere)('a running registry', () => {
  it('gives a schema one id, however often and under whatever subject it is registered', async () => {
    const subject = `${RUN}ids-value`
    expect(await registry.idOf(subject, V1)).toBeUndefined()
    expect(await registry.latest(subject)).toBeUndefined()
    const id = await registry.register(subject, V1)
    expect(await registry.register(subject, V1)).toBe(id)
    expect(await registry.idOf(subject, V1)).toBe(id)
    expect(await registry.register(`${RUN}other-value`, V1)).toBe(id)
    expect(JSON.parse((await registry.schemaOf(id)) ?? '')).toMatchObject({ name: `test.${name}` })
  })

  it('refuses a schema that cannot read its predecessor, and sets the level BACKWARD', async () => {
    const subject = `${RUN}refused-value`
    await registry.register(subject, V1)
    const level = await fetch(`${REGISTRY_URL}/config/${subject}`).then(answer => answer.json())
    expect(level).toMatchObject({ compatibilityLevel: 'BACKWARD' })
    await expect(registry.register(subject, BAD)).rejects.toMatchObject({ code: 'SCHEMAS_REFUSED' })
    expect(await registry.latest(subject)).toContain('total')
  })

  it('keeps a stricter level that an operator has set, and refuses a laxer level', async () => {
    const levelled = async (subject: string, compatibility: string) => {
      await registry.register(subject, V1)
      const body = JSON.stringify({ compatibility })
      await fetch(`${REGISTRY_URL}/config/${subject}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return registry.register(subject, schemaOf([{ name: 'total', type: 'int' }], { doc: 'More.' }))
    }
    expect(await levelled(`${RUN}strict-value`, 'FULL')).toBeGreaterThan(0)
    await expect(levelled(`${RUN}lax-value`, 'NONE')).rejects.toThrow(/SCHEMAS_REFUSED.*\n.*NONE/)
  })

  it('refuses a schema without a name at once', async () => {
    await expect(registry.register(`${RUN}plain-value`, '"long"')).rejects.toThrow(
      /SCHEMAS_REFUSED.*\n.*name/,
    )
  })

  it('has no schema under an id that it has not given', async () => {
    expect(await registry.schemaOf(2_000_000_000)).toBeUndefined()
  })

  it('takes every schema of the pipeline', async () => {
    const model = { complete: () => Promise.reject(new TypeError('not asked')) }
    const pipeline = answers({ model })
    const ids = await registerSchemas(pipeline, registry)
    expect(ids.size).toBe(11)
    const checks = await checkSchemas(pipeline, registry)
    expect(checks.map(({ state }) => state)).toEqual(Array(11).fill('registered'))
  })

  it('carries a topology from one version to the next, whose state is read by the schema that wrote it', async () => {
    const broker = createSimulatedBroker({ system: realSystem })
    const log = broker.connect(realSystem, 'pod')
    const place = { topic: `${RUN}counts`, partition: 0 }
    const read: unknown[] = []
    for (const schema of [V1, V2]) {
      const bound = await bindSchemas(counting(schema), { registry, system: realSystem, logger: warnings() })
      const running = await run(bound, { log })
      const words = { topic: 'words', partition: 0 }
      const [before] = await log.bounds([place])
      const record = { key: Buffer.from('a'), value: Buffer.from('x'), headers: {}, timestamp: 1 }
      await log.append([{ ...words, records: [record] }])
      const reader = log.openReader(place, before?.end ?? 0)
      const codec = bound.topics.find(topic => topic.name === place.topic)?.codec
      for (let found = 0; found === 0; ) {
        const { records } = await reader.next(10)
        for (const { value: bytes } of records) read.push(bytes && codec?.decode(bytes))
        found = records.length
      }
      reader.close()
      await running.stop()
    }
    await log.close()
    expect(read).toEqual([{ total: 1 }, { sum: 2, last: 'x' }])
  })
})

function counting(schema: string) {
  const count = avro<{ total?: number; sum?: number; last?: string }>(schema)
  const graph = topology(`${RUN}counting`)
  const words = graph.source('words', { value: codec.text, partitions: 1, partitionedByKey: true })
  const keep = operator({
    name: 'keep',
    input: codec.text,
    outputs: { counted: count },
    state: { count: state.value(count) },
    process(record, ctx) {
      const before = ctx.state.count.get() ?? {}
      const total = (before.total ?? before.sum ?? 0) + 1
      const now = { total, sum: total, last: record.value }
      ctx.state.count.set(now)
      ctx.emit('counted', now)
    },
  })
  words.process('keep', keep).to(graph.topic(`${RUN}counts`, { value: count, partitions: 1 }))
  return graph.build()
}

describe('another server in place of the registry', () => {
  let server: Server
  let url = ''
  let answer: { status: number; body: string; type: string }
  const asked: (string | undefined)[] = []
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.headers.authorization)
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    url = `http://127.0.0.1:${port}/path/`
  })
  afterAll(() => server.close())

  const json = 'application/json'
  const html = 'text/html'
  it.each([
    [
      'a registry that starts',
      { status: 503, body: '{"message":"later"}', type: json },
      'UNAVAILABLE',
      /later/,
    ],
    ['a busy one', { status: 429, body: '{"message":"slow"}', type: json }, 'UNAVAILABLE', /slow/],
    [
      'one that wants a login',
      { status: 401, body: '{"message":"who?"}', type: json },
      'REFUSED',
      /who\?; put the user/,
    ],
    [
      'one that forbids',
      { status: 403, body: '<html>', type: html },
      'REFUSED',
      /403.*; put the user and the password/,
    ],
    [
      'a proxy that finds nothing',
      { status: 404, body: '<html>', type: html },
      'REFUSED',
      /; no schema registry answers/,
    ],
    [
      'a way to a login',
      { status: 302, body: '', type: html },
      'REFUSED',
      /302; no schema registry answers there/,
    ],
    [
      'a web page',
      { status: 200, body: '<html>Log in', type: html },
      'REFUSED',
      /Log in; no schema registry answers/,
    ],
  ])('is named as what it is, and never as a missing schema: %s', async (_, given, code, message) => {
    answer = given
    const registry = new ConfluentRegistry(url)
    const asks = [
      () => registry.schemaOf(1),
      () => registry.latest('s'),
      () => registry.idOf('s', V1),
      () => registry.register('s', V1),
    ]
    for (const ask of asks) {
      await expect(ask()).rejects.toMatchObject({ code: `REGISTRY_${code}` })
      await expect(ask()).rejects.toThrow(message)
    }
  })

  it('a registry gets user and password of its address, and messages show the address without them', async () => {
    answer = {
      status: 404,
      body: '{"error_code":40403,"message":"Schema not found"}',
      type: 'application/json',
    }
    const registry = new ConfluentRegistry(url.replace('http://', 'http://ana:p%40ss@'))
    expect(await registry.schemaOf(1)).toBeUndefined()
    expect(asked.at(-1)).toBe(`Basic ${Buffer.from('ana:p@ss').toString('base64')}`)
    expect(registry.address).toBe(url.replace(/\/$/, ''))
  })

  it('a registry’s address where nothing listens is reported as such', async () => {
    const registry = new ConfluentRegistry('http://127.0.0.1:1')
    await expect(registry.latest('s')).rejects.toThrow(
      /REGISTRY_UNAVAILABLE: http:.*127.0.0.1:1.* ECONNREFUSED/,
    )
  })
})
