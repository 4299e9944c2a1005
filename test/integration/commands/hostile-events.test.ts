/** Lines that were made to break a reader, through the whole pipeline: each is a question, or set aside with its fault. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { runCaudal, summaryOf } from '../../cli/process.ts'
import { caudal, dataFolder } from '../../unit/cli/data-folder.ts'

const LEVELS = 100_000
const nested = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`
const nestedObjects = `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`

const QUESTIONS = [
  `{"id": "deep", "title": "Why?", "more": ${nested}}`,
  `{"id": "deep object", "title": "Why?", "more": ${nestedObjects}}`,
  '{"id": "twice", "title": "Not this", "title": "Why?"}',
  '{"id": "proto", "__proto__": {"title": "Not this", "id": "other"}, "title": "Why?"}',
  '{"id": "huge number", "title": "Why?", "more": 1e999999, "digits": 12345678901234567890123}',
  '{"id": "constructor", "title": "Why?"}',
]
const FAULTS: readonly (readonly [line: string, fault: string])[] = [
  [nested, 'the event must be a JSON object'],
  [nested.slice(1), 'the event is not JSON'],
  [
    `{"title": "Why?", "task_type": ${nested}}`,
    'task_type must match ^[a-z_]+$, not (nested too deep to be shown)',
  ],
  [`{"title": "Why?", "timestamp": ${nestedObjects}}`, 'timestamp must be an ISO 8601 date, not (nested'],
  [`{"title": ${nested}}`, 'title must be text, not a list'],
  [`{"event_type": "a.b.c", "event_version": ${nested}, "payload": {}}`, 'event_version must be v1 or v2'],
  ['{"title": "Why?", "id": 1e400}', 'id must be text of at most 200 characters, or a whole number'],
  [
    '{"title": "Why?", "id": 12345678901234567890}',
    'a whole number up to 9007199254740991; write a larger one as text',
  ],
  ['{"title": "Why?", "timestamp": 1e308}', 'timestamp must be an ISO 8601 date'],
  ['{"__proto__": {"title": "Why?"}}', 'title or text is missing'],
  ['{"title": "Why?", "task_type": "__proto__"}', 'task_type "__proto__" is not known'],
  ['{"title": "\\ud800"}', 'title has half a character'],
  ['{"title": "Why?", "id": "\\udfff"}', 'id has half a character'],
  ['{"event_type": "\\ud800", "event_version": "v1", "payload": {}}', 'event_type must be'],
  // The end of what is shown of it falls into a character of two halves.
  [`{"event_type": "${'x'.repeat(59)}🦀", "event_version": "v1", "payload": {}}`, 'event_type must be'],
  [`{"more": "${'x'.repeat(990)}${'🦀'.repeat(10)}"}`, 'title or text is missing'],
  [`{"more": "${'x'.repeat(989)}${'🦀'.repeat(10)}"}`, 'title or text is missing'],
  [`{"more": ${'🦀'.repeat(30)}}`, 'the event is not JSON'],
  [`{"more": 1 ${'🦀'.repeat(30)}}`, 'the event is not JSON'],
]

it('no hostile line ends the process or becomes a fault of the pipeline', async () => {
  const folder = dataFolder()
  const file = join(folder, 'lines.ndjson')
  const lines = [...QUESTIONS, ...FAULTS.map(([line]) => line)]
  writeFileSync(file, lines.map(line => `${line}\n`).join(''))
  const words = ['start', '--exit', '--json', '--input', file]
  const { code, stdout, stderr } = await runCaudal(words, { DATA_DIR: folder, LOG_LEVEL: 'error' })
  expect(stderr).toBe('')
  expect(code).toBe(EXIT.ok)
  expect(summaryOf(stdout)).toMatchObject({ delivered: QUESTIONS.length, invalid: FAULTS.length, failed: 0 })
  const { lines: results } = await caudal(folder, ['results', '--json'])
  expect(results.map(line => JSON.parse(line).title)).toEqual(QUESTIONS.map(() => 'Why?'))
  const { lines: failures } = await caudal(folder, ['dlq', 'list', '--json'])
  for (const [index, [, fault]] of FAULTS.entries()) {
    const id = `lines.ndjson/${QUESTIONS.length + index + 1}/`
    const found = failures.map(line => JSON.parse(line)).find(each => each.id.startsWith(id))
    expect(found, id).toMatchObject({ kind: 'invalid', reason: expect.stringContaining(fault) })
  }
}, 60_000)

it('an array of hostile events, and caudal produce, accept and refuse the same events', async () => {
  const folder = dataFolder()
  const file = join(folder, 'array.json')
  writeFileSync(file, `[${[...QUESTIONS, nested].join(',\n')}]`)
  expect(await caudal(folder, ['produce', file])).toMatchObject({
    code: EXIT.ok,
    stdout: `${QUESTIONS.length + 1} events put into datos_crudos\n`,
  })
})
