/** Bytes that cannot be read, on their way through a running topology: dead letters with the original bytes, and the rest goes on. */
import { afterEach, expect, test } from 'vitest'
import { operator } from '#core/operator.ts'
import { avro } from '#schemas/avro/avro-codec.ts'
import { bindSchemas } from '#schemas/avro/bind.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/builder.ts'
import { COUNT_BAD, COUNT_V1, KINDS_SCHEMA } from './records.ts'
import { testRegistry, warnings } from './registries.ts'

let kit: TestKit | undefined
afterEach(() => kit?.[Symbol.asyncDispose]())

function echoing() {
  const count = avro<{ total: number }>(COUNT_V1)
  const graph = topology('echoing')
  const counts = graph.source('counts', { value: count, partitions: 1, partitionedByKey: true })
  const echo = operator({
    name: 'echo',
    input: count,
    outputs: { out: count },
    process: (record, ctx) => ctx.emit('out', record.value),
  })
  counts.process('echo', echo).to(graph.topic('echoes', { value: count, partitions: 1 }))
  return graph.build()
}

test('every kind is a dead letter that says why, and good records pass between them', async () => {
  const registry = testRegistry(1)
  const ownId = await registry.register('elsewhere', COUNT_V1)
  const otherId = await registry.register('other', KINDS_SCHEMA)
  const badId = await registry.register('bad', COUNT_BAD)
  kit = await testTopology(echoing())
  const using = kit
  await using.stop()
  const bound = bindSchemas(echoing(), { registry, system: using.system, logger: warnings() })
  await using.restart(await using.wait(bound))
  const head = (id: number) => Buffer.from([0, 0, 0, 0, id])
  const good = Buffer.concat([head(ownId), Buffer.from([6])])
  const bad: readonly (readonly [Buffer | null, string, code?: string])[] = [
    [Buffer.from('{"total":3}'), 'it begins with byte 123'],
    [Buffer.from([0, 0, 1]), 'it has 3 bytes'],
    [head(ownId), 'is cut short'],
    [Buffer.concat([good, Buffer.from([7])]), 'followed by 1 bytes'],
    [
      Buffer.concat([head(99), Buffer.from([6])]),
      'SCHEMA_MISSING: test registry has no schema 99',
      'SCHEMA_MISSING',
    ],
    [
      Buffer.concat([head(otherId), Buffer.from([6])]),
      `SCHEMA_MISMATCH: schema ${otherId} (test.Kinds)`,
      'SCHEMA_MISMATCH',
    ],
    [Buffer.concat([head(badId), Buffer.from([2, 65])]), 'no matching field', 'SCHEMA_MISMATCH'],
    [null, 'it has no value'],
  ]
  const records = bad.flatMap(([bytes], index) => [
    { key: `bad-${index}`, bytes },
    { key: `good-${index}`, bytes: good },
  ])
  await using.send('counts', ...records)
  await using.settle()
  expect(using.read('echoes')).toEqual(bad.map(() => ({ total: 3 })))
  const letters = using.deadLetters()
  expect(letters).toHaveLength(bad.length)
  for (const [index, [bytes, reason, code = 'DECODE_FAILED']] of bad.entries()) {
    const letter = letters.find(({ origin }) => String(origin.key) === `bad-${index}`)
    expect(letter?.message).toContain('DECODE_FAILED: node echo: counts/0@')
    expect(letter?.message).toContain(reason)
    expect(letter?.code).toBe(code)
    expect(letter?.origin.value && Buffer.from(letter.origin.value)).toEqual(bytes)
  }
})
