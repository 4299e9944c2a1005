/** Files of events become events, line by line; their content is nobody's business here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openEvents } from '#cli/events/events.ts'
import { asText } from '#core/codec.ts'
import { dataFolder } from './data-folder.ts'

async function read(name: string, text: string | Uint8Array) {
  const path = join(dataFolder(), name)
  writeFileSync(path, text)
  const { events, bytesTotal } = await openEvents(path, Readable.from([]))
  const found = []
  for await (const { line, value, bytesRead } of events) found.push({ line, text: asText(value), bytesRead })
  return { found, bytesTotal }
}

describe('JSON lines', () => {
  it('are handed on as they are, blank ones left out, each with its line', async () => {
    const { found, bytesTotal } = await read('a.ndjson', '\uFEFF{"a": 1}\r\n\n  \nnot JSON\n')
    expect(found.map(({ line, text }) => [line, text])).toEqual([
      [1, '{"a": 1}'],
      [4, 'not JSON'],
    ])
    expect(bytesTotal).toBe(26)
  })

  it('come from the standard input too', async () => {
    const { events, bytesTotal } = await openEvents('-', Readable.from(['{"a":', '1}\n{"b":2}']))
    const found = []
    for await (const { value } of events) found.push(asText(value))
    expect(found).toEqual(['{"a":1}', '{"b":2}'])
    expect(bytesTotal).toBeUndefined()
  })
})

describe('CSV', () => {
  it('takes its fields from the first row; an empty cell is an absent field', async () => {
    const text = 'id,title,content\n1,"What, then?",\n2,"two\nlines","a ""quote"""\n'
    const { found } = await read('a.csv', text)
    expect(found.map(({ text }) => JSON.parse(text))).toEqual([
      { id: '1', title: 'What, then?' },
      { id: '2', title: 'two\nlines', content: 'a "quote"' },
    ])
    expect(found.at(-1)?.bytesRead).toBe(Buffer.byteLength(text))
  })

  it('is refused with its line where a row does not fit', async () => {
    await expect(read('a.csv', 'id,title\n1,one\n2,two,three\n')).rejects.toThrow(/line 3/)
  })

  it('may come from the standard input', async () => {
    const { events } = await openEvents('-', Readable.from(['title\nHello\n']), true)
    const found = []
    for await (const { value } of events) found.push(asText(value))
    expect(found).toEqual(['{"title":"Hello"}'])
  })
})

const EVENTS = '{"title": "¿Qué es un río? 🌊"}\n{"title": "two"}\n'
function utf32(text: string): Uint8Array {
  const points = [...text].map(each => each.codePointAt(0) ?? 0)
  return new Uint8Array(Uint32Array.from(points).buffer)
}
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()

describe('whatever a file was saved as', () => {
  it.each([
    ['UTF-16 LE with a mark', Buffer.from(`\uFEFF${EVENTS}`, 'utf16le')],
    ['UTF-16 BE with a mark', swapped(`\uFEFF${EVENTS}`)],
    [
      'UTF-16 LE without one',
      Buffer.from(EVENTS.replace('¿Qué es un río? 🌊', 'What is a river? 🌊'), 'utf16le'),
    ],
    ['gzip', gzipSync(EVENTS)],
    ['gzip of UTF-16', gzipSync(Buffer.from(`\uFEFF${EVENTS}`, 'utf16le'))],
    ['one JSON array', `[${EVENTS.trim().replace('\n', ',\n')}]`],
    ['no line feed at its end', EVENTS.trimEnd()],
  ])('%s: it is read as it was meant', async (_, bytes) => {
    const { found } = await read('a.ndjson', bytes)
    expect(found.map(({ line }) => line)).toEqual([1, 2])
    expect(found.map(({ text }) => JSON.parse(text).title).join()).toMatch(
      /^(¿Qué es un río|What is a river)\? 🌊,two$/,
    )
  })

  it.each([
    [
      'latin-1',
      Buffer.from('{"title": "one"}\n{"title": "r\u00edo"}\n', 'latin1'),
      /is not UTF-8 in line 2: save it as UTF-8/,
    ],
    [
      'bytes that are no text',
      Buffer.from([0x7b, 0x22, 0x0a, 0, 1, 2]),
      /is no text: line 2 has a zero byte/,
    ],
    ['gzip that was cut', gzipSync(EVENTS.repeat(1_000)).subarray(0, 40), /is no whole gzip file/],
    ['UTF-32', utf32(`\uFEFF${EVENTS}`), /begins as UTF-16LE and has zero characters: save it as UTF-8/],
    ['an array that was cut', '[{"title": "one"}, {"ti', /begins as a JSON array and is none/],
    ['no JSON at all', 'What is a fuse for?\nAnd a river?\n', /has no line that is JSON/],
  ])('%s: it is refused whole, with what to do', async (_, bytes, reason) => {
    await expect(read('a.ndjson', bytes)).rejects.toThrow(reason)
    await expect(read('a.ndjson', bytes)).rejects.toThrow('nothing of it was fed')
  })

  it('U+2028 and U+2029 are characters, not ends of lines', async () => {
    const { found } = await read('a.ndjson', '{"title": "a\u2028b\u2029c"}\n')
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(['a\u2028b\u2029c'])
  })

  it('a line that is too long is told with its length, and the others are as they were', async () => {
    const { found } = await read(
      'a.ndjson',
      `{"title": "one"}\n{"title": "${'x'.repeat(10_000_000)}"}\n{"title": "two"}\n`,
    )
    expect(found.map(({ line, text }) => [line, text.length > 1_000_000])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ])
  })

  it('a mark in the middle, as of files that were joined, is no part of a line', async () => {
    const { found } = await read('a.ndjson', `\uFEFF{"title": "one"}\n\uFEFF{"title": "two"}\r\n\uFEFF\n`)
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(['one', 'two'])
  })

  it('a folder is no file', async () => {
    await expect(openEvents(dataFolder(), Readable.from([]))).rejects.toThrow(/is no file/)
  })
})

describe('CSV as others write it', () => {
  it.each([
    ['semicolons', 'Title;best_answer\nWhat, then?;That;\n'.replace(';\n', '\n')],
    ['tabs', 'title\tbest_answer\r\nWhat, then?\tThat\r\n'],
    ['UTF-16 and tabs', Buffer.from('\uFEFFtitle\tbest_answer\r\nWhat, then?\tThat\r\n', 'utf16le')],
    ['quotes', '"title","best_answer"\n"What, then?","That"\n'],
  ])('with %s', async (_, bytes) => {
    const { found } = await read('a.csv', bytes)
    expect(found.map(({ text }) => JSON.parse(text))).toEqual([{ title: 'What, then?', best_answer: 'That' }])
  })

  it('is refused where two columns have one name, as one of them would be lost', async () => {
    await expect(read('a.csv', 'Title,title\nWhat?,Why?\n')).rejects.toThrow(
      /names the column title twice at its top; nothing of it was fed/,
    )
  })

  it('is refused where its first row names no column of a question', async () => {
    await expect(read('a.csv', 'What is a fuse for?,It cuts\n')).rejects.toThrow(
      /no row of names at its top.*What is a fuse/,
    )
  })
})
