/** Files as people have them, through the whole pipeline: read as meant, or refused whole with one sentence. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { summaryOf } from '../../cli/process.ts'
import { saying, send, startProvider, VERDICT } from '../../cli/provider.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { surroundings } from '../../unit/cli/surroundings.ts'

const TITLES = ['¿Qué es un río? 🌊', 'What is a fuse for?', 'Wie groß ist das Öhr?']
const LATIN_TITLES = ['¿Qué es un río?', 'What is a fuse for?', 'Wie groß ist das Öhr?']
const rows = TITLES.map((title, index) => ({ id: `q${index}`, title }))

const LINES = rows.map(row => `${JSON.stringify(row)}\n`).join('')
const cells = (delimiter: string) => rows.map(({ id, title }) => `${id}${delimiter}${title}\r\n`).join('')
const csv = (delimiter: string) => `id${delimiter}title\r\n${cells(delimiter)}`
const MARK = '\uFEFF'
const utf16 = (text: string) => Buffer.from(MARK + text, 'utf16le')
const latin = (text: string) => Buffer.from(text.replace(' 🌊', ''), 'latin1')

/** Runs the pipeline on the file: what was answered, and how many calls it took. */
async function started(name: string, bytes: string | Uint8Array, folder = dataFolder()) {
  const { seen, baseUrl } = await startProvider(({ isJudge }, response) =>
    send(response, saying(isJudge ? VERDICT : 'So it is.')),
  )
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const environment = { DATA_DIR: folder, OPENAI_BASE_URL: baseUrl, LOG_LEVEL: 'error' }
  const told = async (...words: string[]) => {
    const { world, stdout, stderr } = surroundings({ environment })
    const code = await main(words, world)
    return { code, stdout: stdout.text, stderr: stderr.text }
  }
  const { code, stdout, stderr } = await told('start', '--exit', '--json', '--input', path)
  const results = (await told('results', '--json')).stdout.split('\n').filter(Boolean)
  const titles = results.map(line => JSON.parse(line).title)
  return { code, stdout, stderr, titles: titles.sort(), calls: seen.length }
}

describe('caudal start --input', () => {
  it.each<[string, string, string | Uint8Array]>([
    ['JSON lines in UTF-8', 'a.ndjson', LINES],
    ['JSON lines in UTF-8 with a mark', 'a.ndjson', MARK + LINES],
    ['JSON lines in UTF-16 LE', 'a.ndjson', utf16(LINES)],
    ['JSON lines in UTF-16 BE', 'a.ndjson', utf16(LINES).swap16()],
    ['JSON lines in gz', 'a.ndjson.gz', gzipSync(LINES)],
    ['a JSON array', 'a.json', JSON.stringify(rows, undefined, 2)],
    ['a JSON array in gz', 'a.json.gz', gzipSync(MARK + JSON.stringify(rows))],
    ['CSV with commas', 'a.csv', csv(',')],
    ['CSV with semicolons and a mark', 'a.csv', MARK + csv(';')],
    ['CSV with tabs in UTF-16, as Excel writes it', 'a.csv', utf16(csv('\t'))],
    ['CSV in gz', 'a.csv.gz', gzipSync(csv(';'))],
  ])('answers each question of a file: %s', async (_, name, bytes) => {
    const { code, stdout, stderr, titles, calls } = await started(name, bytes)
    expect(stderr).toBe('')
    expect(code).toBe(EXIT.ok)
    expect(titles).toEqual([...TITLES].sort())
    expect(summaryOf(stdout)).toMatchObject({ inputs: 3, invalid: 0, delivered: 3, failed: 0 })
    expect(calls).toBe(6)
  })
})

describe('caudal start --input of a faulty file', () => {
  it.each<[string, string, string | Uint8Array, RegExp]>([
    ['JSON lines in latin-1', 'a.ndjson', latin(LINES), /a\.ndjson is not UTF-8 in line 1: save it as UTF-8/],
    ['CSV in latin-1', 'a.csv', latin(csv(';')), /a\.csv is not UTF-8 in line 2: save it as UTF-8/],
    ['CSV with commas and no header', 'a.csv', cells(','), /a\.csv has no row of names at its top/],
    ['CSV with semicolons and no header', 'a.csv', cells(';'), /a\.csv has no row of names at its top/],
    ['CSV with tabs and no header', 'a.tsv', cells('\t'), /a\.tsv has no row of names at its top/],
    ['CSV with a row too long', 'a.csv', `${csv(',')}q9,a,b\n`, /a\.csv has more or fewer cells in line 5/],
    ['CSV that is named as JSON', 'a.ndjson', csv(','), /a\.ndjson has no line that is a JSON object/],
    [
      'an array that was cut',
      'a.json',
      JSON.stringify(rows).slice(0, -9),
      /begins as a JSON array and is none/,
    ],
    ['gz that was cut', 'a.ndjson.gz', gzipSync(LINES.repeat(99)).subarray(0, 90), /is no whole gzip file/],
    ['JSON lines with zero bytes', 'a.ndjson', `${LINES}\0\n`, /is no text: line 4 has a zero byte/],
  ])('refuses the whole file with one sentence: %s', async (_, name, bytes, reason) => {
    const folder = dataFolder()
    const { code, stdout, stderr, calls } = await started(name, bytes, folder)
    expect(code).toBe(EXIT.usage)
    expect(stderr).toMatch(reason)
    expect(stderr).toMatch(/^caudal start: [^\n]*; nothing of it was fed\n$/)
    expect(stdout).toBe('')
    expect(calls).toBe(0)
    // A fixed file is fed as if it had never been tried.
    const fixed = await started('a.ndjson', LINES, folder)
    expect(fixed.titles).toEqual([...TITLES].sort())
  })

  it('accepts as UTF-8 the texts that latin-1 could hold', async () => {
    const lines = LATIN_TITLES.map(title => `${JSON.stringify({ title })}\n`).join('')
    expect((await started('a.ndjson', lines)).titles).toEqual([...LATIN_TITLES].sort())
  })
})

describe('caudal start --input of a file with one event that is too large', () => {
  const large = 'x'.repeat(2_000_000)
  const [first, second, third] = rows
  const withLarge = [first, { ...second, content: large }, third]
  it.each<[string, string, string, number]>([
    ['a line', 'a.ndjson', withLarge.map(row => `${JSON.stringify(row)}\n`).join(''), 2],
    ['a line of ten megabytes', 'a.ndjson', LINES.replace('fuse', large.repeat(5)), 2],
    ['an element', 'a.json', JSON.stringify(withLarge), 2],
    ['a row', 'a.csv', csv(',').replace('fuse', large), 3],
  ])('leaves out that event alone and names its line: %s', async (_, name, text, line) => {
    const { code, stdout, stderr, titles, calls } = await started(name, text)
    expect(stderr).toBe('')
    expect(code).toBe(EXIT.ok)
    expect(stdout).toMatch(
      new RegExp(`^Line ${line} of ${name} was not fed: it has \\d+ bytes, \\d+ are taken at most\\.$`, 'm'),
    )
    expect(titles).toEqual([TITLES[0], TITLES[2]].sort())
    expect(summaryOf(stdout)).toMatchObject({ inputs: 2, delivered: 2, failed: 0, dead_letters: 0 })
    expect(calls).toBe(4)
  })
})
