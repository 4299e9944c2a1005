/** `caudal schemas` reports schemas first, registers each once, and refuses all or none. */
import { expect, test } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { realSystem } from '#core/system.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { caudal, dataFolder, withLog } from './data-folder.ts'

test('caudal schemas check lists new schemas without a change, and every schema is registered after caudal schemas register', async () => {
  const folder = dataFolder()
  for (let time = 0; time < 2; time++) {
    const { code, lines } = await caudal(folder, ['schemas', 'check'])
    expect(code).toBe(EXIT.ok)
    expect(lines).toContain('+ llm.requests-value  caudal.answers.LlmRequest  new')
  }
  const { code, lines } = await caudal(folder, ['schemas', 'register'])
  expect(code).toBe(EXIT.ok)
  expect(lines.at(-1)).toBe('17 schemas in topic answers.schemas')
  const [told = ''] = (await caudal(folder, ['schemas', 'register', '--json'])).lines
  expect(JSON.parse(told)).toEqual({
    registry: 'topic answers.schemas',
    ids: expect.objectContaining({ 'llm.requests-value': expect.any(Number) }),
  })
  const checked = await caudal(folder, ['schemas', 'check', '--json'])
  expect(checked.lines.map(line => JSON.parse(line).state)).toEqual(Array(17).fill('registered'))
})

test('caudal schemas reports a schema that cannot read its predecessor, with the reason, and registers no other one', async () => {
  const folder = dataFolder()
  const former = '{"type":"record","name":"Seen","namespace":"caudal.answers","fields":[]}'
  await withLog(folder, log =>
    new EmbeddedRegistry({ application: 'answers', log, system: realSystem }).register(
      'caudal.answers.Seen',
      former,
    ),
  )
  const checked = await caudal(folder, ['schemas', 'check'])
  expect(checked.code).toBe(EXIT.configuration)
  expect(checked.stdout).toMatch(
    /^! caudal.answers.Seen {2}caudal.answers.Seen {2}incompatible: no matching field .*at$/m,
  )
  const registered = await caudal(folder, ['schemas', 'register'])
  expect(registered.code).toBe(EXIT.configuration)
  expect(registered.stderr).toContain('SCHEMAS_REFUSED')
  expect((await caudal(folder, ['schemas', 'check'])).stdout).toContain('+ llm.intake-value')
})
