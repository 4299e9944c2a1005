/** Files of events become events, line by line; their content is nobody's business here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openEvents } from '#cli/events.ts'
import { asText } from '#engine/core/codec.ts'
import { dataFolder } from './data-folder.ts'

async function read(name: string, text: string) {
  const path = join(dataFolder(), name)
  writeFileSync(path, text)
  const { events, bytesTotal } = openEvents(path, Readable.from([]))
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
    const { events, bytesTotal } = openEvents('-', Readable.from(['{"a":', '1}\n{"b":2}']))
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
    const { events } = openEvents('-', Readable.from(['title\nHello\n']), true)
    const found = []
    for await (const { value } of events) found.push(asText(value))
    expect(found).toEqual(['{"title":"Hello"}'])
  })
})
