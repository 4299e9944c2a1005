/** Files of events become events, line by line; their content is nobody's business here. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
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
  const { events, eventsTotal } = await openEvents(path, Readable.from([]))
  const found = []
  for await (const { line, value } of events) found.push({ line, text: asText(value) })
  return { found, eventsTotal }
}

describe('JSON lines', () => {
  it('are handed on unchanged with their line numbers, without blank lines', async () => {
    const { found, eventsTotal } = await read('a.ndjson', '\uFEFF{"text": 1}\r\n\n  \nnot JSON\n')
    expect(found.map(({ line, text }) => [line, text])).toEqual([
      [1, '{"text": 1}'],
      [4, 'not JSON'],
    ])
    expect(eventsTotal).toBe(2)
  })

  it.each([
    ['returns alone', '{"text":1}\r{"text":2}\r\r{"text":3}', [1, 2, 4]],
    ['ends of all three kinds', '{"text":1}\r\n{"text":2}\r{"text":3}\n\n{"text":4}\n', [1, 2, 3, 5]],
    ['the record separators of RFC 7464', '\x1e{"text":1}\n\x1e{"text":2}\n', [1, 2]],
    ['a mark and a record separator', '\uFEFF\x1e{"text":1}\n', [1]],
  ])('are read one by one where they have %s, wherever the bytes are cut', async (_, text, lines) => {
    for (const chunks of [[text], [...text]]) {
      const { events } = await openEvents('-', Readable.from(chunks), false, () => {})
      const found = []
      for await (const { line, value } of events) found.push([line, JSON.parse(asText(value)).text])
      expect(found).toEqual(lines.map((line, index) => [line, index + 1]))
    }
  })

  it('can be read from the standard input', async () => {
    const { events, eventsTotal } = await openEvents('-', Readable.from(['{"text":', '1}\n{"b":2}']))
    const found = []
    for await (const { value } of events) found.push(asText(value))
    expect(found).toEqual(['{"text":1}', '{"b":2}'])
    expect(eventsTotal).toBeUndefined()
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
  })

  it.each([
    ['a row has a cell more', 'id,title\n1,one\n2,two,three\n', /cells in line 3 .* a , in it into quotes/],
    ['a cell has a quote inside', 'id,title\n1,a "b"\n', /a quote inside a cell of line 2: put the cell/],
    ['a quoted cell goes on', 'id,title\n1,"a "b""\n', /text behind the closing quote of a cell in line 2/],
    [
      'quotes are not closed',
      'id,title\n1,x\n2,"a\n3,b\n',
      /quotes are not closed, after line 2: close them/,
    ],
    ['such a row comes after sep=', 'sep=;\nid;title\n1;a;b\n', /cells in line 3 .* a ; in it into quotes/],
  ])('is refused with its line and what to do where %s', async (_, text, reason) => {
    await expect(read('a.csv', text)).rejects.toThrow(reason)
  })

  it('can be read from the standard input', async () => {
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
/** As `tar` begins an archive: a header with its mark, then the file. */
const TAR = Buffer.concat([
  Buffer.alloc(257, 'q.ndjson\0'.padEnd(257, '\0')),
  Buffer.from('ustar\0'),
  Buffer.from(EVENTS),
])
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()

describe('a file of events', () => {
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
  ])('is read in full: %s', async (_, bytes) => {
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
    ['UTF-32', utf32(`\uFEFF${EVENTS}`), /is UTF-32: save it as UTF-8/],
    ['a workbook', Buffer.from('PK\x03\x04\x14\x00'), /is a zip archive.*save the sheet as CSV/],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4]), /is packed by zstd: unpack it/],
    ['tar', TAR, /is a tar archive: unpack it/],
    ['tar in gzip', gzipSync(TAR), /is a tar archive: unpack it/],
    ['7z', Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1'), /is a 7z archive: unpack it/],
    ['lz4', Buffer.from([0x04, 0x22, 0x4d, 0x18]), /is packed by lz4: unpack it/],
    ['Avro', Buffer.from('Obj\x01\x04'), /is an Avro file: convert it/],
    ['SQLite', Buffer.from('SQLite format 3\0'), /is an SQLite database: export the table/],
    ['UTF-16 with zeros', Buffer.from('\uFEFF{\0}', 'utf16le'), /begins as UTF-16LE and has zero characters/],
    ['UTF-32, big-endian', Buffer.from('\0\0\xfe\xff\0\0\0{', 'latin1'), /is UTF-32: save it as UTF-8/],
    ['gzip in gzip', gzipSync(gzipSync(EVENTS)), /is packed twice: unpack it once/],
    ['objects over several lines', '{\n "title": "one"\n}\n{\n "title": "two"\n}\n', /jq -c writes it/],
    ['values that are no objects', '"one"\n2\n', /has no line that is a JSON object/],
    ['an array that was cut', '[{"title": "one"}, {"ti', /begins as a JSON array and is none/],
    [
      'no JSON at all',
      'What is a fuse for?\nAnd a river?\n',
      /has no line that is a JSON object: one JSON object a line is taken/,
    ],
  ])('is refused as a whole, with advice: %s', async (_, bytes, reason) => {
    await expect(read('a.ndjson', bytes)).rejects.toThrow(reason)
    await expect(read('a.ndjson', bytes)).rejects.toThrow('nothing of it was fed')
  })

  it('keeps the digits of a number in an array, a field that comes twice, and any depth', async () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000)
    const events = ['{"id": 12345678901234567890, "text": "],[\\""}', '{"a": 1e400, "a": 2}', deep]
    const { found } = await read('a.json', ` [ ${events.join(' ,\n')} ]\n`)
    expect(found.map(({ line, text }) => [line, text])).toEqual(
      events.map((text, index) => [index + 1, text]),
    )
  })

  it('may hold one event over several lines', async () => {
    const { found } = await read('a.json', '{\n "title":\n "one"\n}\n')
    expect(found.map(({ text }) => JSON.parse(text))).toEqual([{ title: 'one' }])
  })

  it('gives the events that it had when it was checked, though it grows afterwards', async () => {
    const path = join(dataFolder(), 'a.ndjson')
    writeFileSync(path, EVENTS)
    const { events } = await openEvents(path, Readable.from([]))
    appendFileSync(path, '{"title": "three"}\n\0\0')
    const lines = []
    for await (const { line } of events) lines.push(line)
    expect(lines).toEqual([1, 2])
  })

  it.each([
    ['lines', EVENTS],
    ['an array', `[${EVENTS.trim().replace('\n', ',\n')}]`],
  ])('may be a pipe, which can be read only once, with %s', async (_, text) => {
    const path = join(dataFolder(), 'pipe')
    execFileSync('mkfifo', [path])
    const written = writeFile(path, text)
    const { events, eventsTotal } = await openEvents(path, Readable.from([]))
    const lines = []
    for await (const { line } of events) lines.push(line)
    await written
    expect([lines, eventsTotal]).toEqual([[1, 2], undefined])
  })

  it('keeps U+2028 and U+2029 as characters inside a line', async () => {
    const { found } = await read('a.ndjson', '{"title": "a\u2028b\u2029c"}\n')
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(['a\u2028b\u2029c'])
  })

  it('gives its other lines where one line is too long, and the fault has the length of that line', async () => {
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

  it('may have byte order marks in its middle, as joined files do', async () => {
    const { found } = await read('a.ndjson', `\uFEFF{"title": "one"}\n\uFEFF{"title": "two"}\r\n\uFEFF\n`)
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(['one', 'two'])
  })

  it.each([
    ['a data set', '{"question":"Why?","answer":"So."}\n{"question":"When?"}\n', 'question, answer'],
    [
      'a batch of OpenAI',
      '{"custom_id":"1","method":"POST","body":{"messages":[]}}\n',
      'custom_id, method, body',
    ],
    ['an object with a list of others', '{"data":[{"question":"Why?"}]}', 'data'],
    ['an array of others', '[{"instruction":"Say why."}]', 'instruction'],
  ])('is refused without a single question, with the fields that it has: %s', async (_, text, fields) => {
    await expect(read('a.json', text)).rejects.toThrow(
      `has no question: an object needs a title or a text, the first one has ${fields}; rename its field`,
    )
  })

  it('with its questions in a list of an object is refused, with the command that takes them out', async () => {
    const list = '[{"title":"Why?"}]'
    await expect(read('a.json', `{"data":${list}}`)).rejects.toThrow("(jq -c '.data[]')")
    await expect(read('a.json', `{"my data":${list}}`)).rejects.toThrow(`(jq -c '."my data"[]')`)
  })

  it('with a list in a list is refused as one without objects', async () => {
    await expect(read('a.json', '[[{"title":"Why?"}]]')).rejects.toThrow('has no line that is a JSON object')
  })

  it('with one question is read, and its other lines become faults of their own', async () => {
    const { found } = await read('a.ndjson', '{"question":"Why?"}\n{"title":7}\n{"text":"When?"}\n')
    expect(found).toHaveLength(3)
  })

  it('cannot be a folder', async () => {
    await expect(openEvents(dataFolder(), Readable.from([]))).rejects.toThrow(/is no file/)
  })
})

describe('CSV of other programs', () => {
  it.each([
    ['semicolons', 'Title;best_answer\nWhat, then?;That;\n'.replace(';\n', '\n')],
    ['tabs', 'title\tbest_answer\r\nWhat, then?\tThat\r\n'],
    ['UTF-16 and tabs', Buffer.from('\uFEFFtitle\tbest_answer\r\nWhat, then?\tThat\r\n', 'utf16le')],
    ['quotes', '"title","best_answer"\n"What, then?","That"\n'],
    ['bars', 'title|best_answer\nWhat, then?|That\n'],
    [
      'the line of Excel that names the delimiter',
      '\uFEFFsep=;\r\ntitle;best_answer\r\nWhat, then?;That\r\n',
    ],
    ['that line in quotes', '"sep=|"\ntitle|best_answer\nWhat, then?|That\n'],
    ['returns alone', 'title;best_answer\rWhat, then?;That\r'],
    ['ends of lines mixed', 'title;best_answer\r\nWhat, then?;That\n'],
    ['names in words', ' Title ;Best Answer\nWhat, then?;That\n'],
    ['marks around names that nobody sees', '\u200btitle\u2060;\u00a0best_answer\u200b\nWhat, then?;That\n'],
    [
      'rows and lines that are empty',
      '\n\ntitle;best_answer;\nWhat, then?;That;\n; ;\n\n;;\n  \n'.replace('  \n', ''),
    ],
  ])('is read where it has %s', async (_, bytes) => {
    const { found } = await read('a.csv', bytes)
    expect(found.map(({ text }) => JSON.parse(text))).toEqual([{ title: 'What, then?', best_answer: 'That' }])
  })

  it.each([
    ['with the same names', 'id,Best Answer,title\n1,,a\n', '\uFEFFid,Best Answer,title\n2,,b\n', ['a', 'b']],
    ['of one column', 'title\na\n', '\uFEFFtitle\r\nb\n', ['a', 'b']],
    ['whose rows have one of the names', 'title,text\na,b\n', 'title,text\nc,title', ['a', 'c']],
  ])('passes over the names of a file that was joined to it: %s', async (_, first, second, titles) => {
    const { found } = await read('a.csv', first + second)
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(titles)
  })

  it('is refused where a file was joined to it whose columns are in another order', async () => {
    await expect(read('a.csv', 'id,title\n1,a\ntitle,id\nb,2\n')).rejects.toThrow(
      'has the names of its columns again in line 3, in another order',
    )
  })

  it('has one column where its first row names one, whatever its rows hold', async () => {
    const { found } = await read('a.csv', 'title\nWhat, then; or when?\n"So ""it"" is"\n \n')
    expect(found.map(({ text }) => JSON.parse(text).title)).toEqual(['What, then; or when?', 'So "it" is'])
  })

  it('is refused at a quote that is never closed, before the rest is held in memory', async () => {
    const rows = Buffer.alloc(17 * 1024 * 1024, 'What?\n')
    await expect(read('a.csv', Buffer.concat([Buffer.from('title\n"'), rows]))).rejects.toThrow(
      /has a cell whose quotes are not closed.*nothing of it was fed/,
    )
  })

  it('is refused where two columns have one name, because one of them would be lost', async () => {
    await expect(read('a.csv', 'Title,title\nWhat?,Why?\n')).rejects.toThrow(
      /names the column title twice at its top: rename one of the two; nothing of it was fed/,
    )
  })

  it('is refused where its first row names no column of a question', async () => {
    await expect(read('a.csv', 'What is a fuse for?,It cuts\n')).rejects.toThrow(
      /no row of names at its top.*What is a fuse/,
    )
  })
})
