/** `caudal schemas` reports schemas first, registers each once, and refuses all or none. */
import { expect, test } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { realSystem } from '#core/system.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { caudal, dataFolder, withLog } from './data-folder.ts'

test('check tells what is new and changes nothing; after register all is there', async () => {
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

test('a schema that cannot read its predecessor is reported with the reason, and no other schema is registered', async () => {
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
