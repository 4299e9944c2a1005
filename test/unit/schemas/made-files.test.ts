/** The .avsc files and what is made of them: no drift, and one meaning for fields of one name. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { AvroType } from '#schemas/avro/avro-type.ts'
import { type AvscType, readFolder, whole } from '../../../scripts/avsc.ts'
import { textsText, typesText } from '../../../scripts/schema-types.ts'
import { madeFiles } from '../../../scripts/schemas.ts'
import { ROOT } from '../../tidy/source.ts'

const values = readFolder(join(ROOT, 'schemas'))
const parts = readFolder(join(ROOT, 'schemas/parts'))

it.each([...madeFiles()])('%s is what the .avsc files say; else: npm run schemas -- types', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text)
})

it.each([...values])('%s is a whole schema, documented in every field', (name, schema) => {
  const type = new AvroType(JSON.stringify(whole(schema, new Map([...parts, ...values]))))
  expect(type.name).toBe(`caudal.answers.${name}`)
  expect(schema.doc).toMatch(/\.$/)
  for (const field of schema.fields ?? []) expect(field.doc, field.name).toMatch(/\.$/)
})

test('what one value hands on to the next has the same fields there', () => {
  const fieldsOf = (name: string) => values.get(name)?.fields ?? []
  const begins = (longer: string, shorter: string) =>
    expect(fieldsOf(longer).slice(0, fieldsOf(shorter).length), longer).toEqual(fieldsOf(shorter))
  begins('LlmRequest', 'Intake')
  for (const longer of ['Generated', 'Scored', 'LlmError', 'Validated']) begins(longer, 'LlmRequest')
})

test('types are made of every kind of schema', () => {
  const type: AvscType = {
    type: 'record',
    name: 'Thing',
    doc: 'A thing.',
    fields: [
      { name: 'a', type: ['null', 'string'], doc: 'Maybe.' },
      { name: 'b', type: { type: 'array', items: ['null', 'int'] } },
      { name: 'c', type: { type: 'map', values: 'Part' } },
      { name: 'd', type: { type: 'enum', name: 'D', symbols: ['x', 'y'] } },
      { name: 'e', type: 'bytes' },
    ],
  }
  const text = typesText('Things.', new Map([['Thing', type]]), new Map([['Part', type]]), './parts.ts')
  expect(text).toContain("import type {\n  Part,\n} from './parts.ts'")
  expect(text).toContain('  /** Maybe. */\n  readonly a?: string | undefined\n')
  expect(text).toContain('  readonly b: readonly (null | number)[]\n')
  expect(text).toContain('  readonly c: Readonly<Record<string, Part>>\n')
  expect(text).toContain("  readonly d: 'x' | 'y'\n")
  expect(text).toContain('  readonly e: Uint8Array\n')
})

test('a part is put in once, then named; an apostrophe does no harm', () => {
  const part: AvscType = { type: 'record', name: 'Part', fields: [{ name: 'x', type: 'int', doc: "it's" }] }
  const type: AvscType = {
    type: 'record',
    name: 'Two',
    fields: [
      { name: 'a', type: 'Part' },
      { name: 'b', type: ['null', 'Part'] },
    ],
  }
  const folder = new Map([['Two', type]])
  const made = whole(type, new Map([['Part', part]]))
  expect(made.fields?.map(field => field.type)).toEqual([part, ['null', 'Part']])
  expect(textsText(folder, new Map([['Part', part]]))).toContain('it\\\\u0027s')
})
