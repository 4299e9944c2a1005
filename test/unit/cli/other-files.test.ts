/** Files that are not what was meant: refused whole where most of their lines cannot be asked. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { openEvents } from '#cli/events/events.ts'
import { main } from '#cli/main.ts'
import { asText } from '#core/codec.ts'
import { caudal, dataFolder } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

async function read(name: string, text: string) {
  const path = join(dataFolder(), name)
  writeFileSync(path, text)
  const { events } = await openEvents(path, Readable.from([]))
  const found = []
  for await (const event of events) found.push({ ...event, value: asText(event.value) })
  return { found }
}

it.each([
  [
    'a comma behind most lines',
    '{"title":"a"},\n{"title":"b"},\n{"title":"c"}\n',
    'has a comma at the end of line 1: take it off',
  ],
  ...(
    [
      ['U+2028', '\u2028', 'U+2028'],
      ['U+0085', '\u0085', 'U+0085'],
      ['a semicolon', ';', '";"'],
      ['nothing', '', 'nothing'],
    ] as const
  ).map(([name, between, shown]) => [
    `${name} between its objects`,
    `{"title":"a}"}${between}{"title":"b"}\n`,
    `has objects behind one another in line 1, with ${shown} between them: end each object with a line feed`,
  ]),
  [
    'marks of a conflict around its lines',
    '{"title":"a"}\n<<<<<<<\n{"title":"b"}\n=======\n>>>>>>>\n',
    'has 3 lines of 5 that are no JSON object, the first is line 2: one JSON object a line is taken',
  ],
  [
    'another field in most objects',
    `{"title":"a"}\n${'{"question":"b"}\n'.repeat(2)}`,
    'has 2 lines of 3 that are no question. Line 2 has no question: an object needs a title or a text, it has question; rename its field',
  ],
  [
    'lists of questions in most objects',
    `{"title":"a"}\n${'{"data":[{"title":"b"}]}\n'.repeat(2)}`,
    "Line 2 is an object that has its questions in a list: take them out of it (jq -c '.data[]')",
  ],
])('a file is refused where it has %s, although others can be asked', async (_, text, reason) => {
  await expect(read('a.ndjson', text)).rejects.toThrow(reason)
})

it('a file is read where no more than half of its lines are at fault, which then fail alone', async () => {
  const { found } = await read('a.ndjson', '{"title":"a"}\nnone\n{"title":"b"}\n{"question":"c"}\n')
  expect(found).toHaveLength(4)
  const { found: rows } = await read('a.csv', 'id,title\n1,one\n2,\n')
  expect(rows).toHaveLength(2)
})

it('a file is refused where most rows of a table have no question', async () => {
  await expect(read('a.csv', 'id,title\n1,one\n2,\n3,\n')).rejects.toThrow(
    'has 2 rows of 3 without a title and a text, the first is line 3',
  )
})

it.each([
  ['a table', 'title,text\r\na,"b, c"\r\n', /begins with what is no JSON object: .*--csv/],
  ['an object over several lines', '{\n"title":"a"\n}\n', /begins with what is no JSON object: .*jq -c/],
  ['lines with commas', '{"title":"a"},\n{"title":"b"}\n', /has a comma at the end of its first line/],
  ['objects on one line', '{"title":"a"}\u2028{"title":"b"}\n', /in its first line, with U\+2028 between/],
  ['a list of lists', '[["a"]]', /begins with what is no JSON object/],
  ['other objects', '{"question":"a"}\n', /has no question: .*the first one has question/],
])('a stream is refused by its first line: %s', async (_, text, reason) => {
  const { events } = await openEvents('-', Readable.from([text]))
  const first = events[Symbol.asyncIterator]().next()
  await expect(first).rejects.toMatchObject({ message: expect.stringMatching(reason) })
})

it('start takes CSV from the standard input with --csv alone, and empties nothing for a stream that it refuses', async () => {
  const folder = dataFolder()
  const started = async (...words: readonly string[]) => {
    const environment = { DATA_DIR: folder, LOG_LEVEL: 'error', PORT: '0' }
    const { world, stdout, stderr } = surroundings({ environment, input: 'title,text\r\na,"b, c"\r\n' })
    const code = await main(['start', '--exit', '--json', ...words], world)
    return { code, error: stderr.text, last: stdout.text.trimEnd().split('\n').at(-1) ?? '' }
  }
  const { code, last } = await started('--csv', '--input', '-')
  expect(code).toBe(EXIT.ok)
  expect(JSON.parse(last)).toMatchObject({ inputs: 1, delivered: 1, invalid: 0 })
  const refused = await started('--fresh', '--input', '-')
  expect(refused).toMatchObject({ code: EXIT.usage, error: expect.stringContaining('--csv') })
  expect((await started('--csv')).error).toContain('--csv says what --input names: give --input FILE, or -')
  expect((await caudal(folder, ['results', '--json'])).lines).toHaveLength(1)
})

it('start ends with code 7 for an invalid event, only with --fail-if-any', async () => {
  const folder = dataFolder()
  const input = join(folder, 'a.ndjson')
  writeFileSync(input, '{"title":"a"}\nnone\n')
  const ended = async (...words: readonly string[]) => {
    const { world } = surroundings({ environment: { DATA_DIR: folder, LOG_LEVEL: 'error', PORT: '0' } })
    return main(['start', '--exit', '--input', input, ...words], world)
  }
  expect(await ended()).toBe(EXIT.ok)
  expect(await ended('--fail-if-any')).toBe(EXIT.someFailed)
})

const LONG = 'x'.repeat(17 * 1024 * 1024)
it.each([
  ['in its only cell', 'title', `${LONG}`, '"is, it"'],
  ['in its first cell', 'title,text', `${LONG},b`, 'c,d'],
  ['in its last cell, before one in quotes', 'id,title,text', `1,${LONG},"b, ""c"""`, '2,c,d'],
  ['in all of its cells together', 'a,b,title', Array(3).fill(LONG.slice(0, 6_000_000)).join(), '1,2,c'],
])('a row of a table that is too long fails alone: %s', async (_, names, row, other) => {
  const { found } = await read('a.csv', `${names}\r\n${other}\r\n${row}\r\n${other}\r\n`)
  const [before, long, after] = found
  expect(found.map(({ line, tooLong }) => [line, tooLong !== undefined])).toEqual([
    [2, false],
    [3, true],
    [4, false],
  ])
  expect(before?.value).toBe(after?.value)
  expect(long?.tooLong).toBeGreaterThanOrEqual(row.length)
  expect(long?.tooLong).toBeLessThan(row.length + 100)
})

it.each([
  ['lines', 'a.csv', '{"title":"a"}\n'],
  ['an array', 'a.tsv', '[{"title":"a"}]'],
  ['an array over several lines', 'a.csv', '[\n{"title":"a"}\n]\n'],
])('JSON under the name of a table is refused with another name: %s', async (_, name, text) => {
  await expect(read(name, text)).rejects.toThrow(
    `${name} is JSON: give it a name that ends in .json or .ndjson`,
  )
})
