/** One JSON array, cut into its elements while it comes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openEvents } from '#cli/events/events.ts'
import { jsonArrayEvents } from '#cli/events/json.ts'
import { asText } from '#core/codec.ts'
import { dataFolder } from './data-folder.ts'

async function readArray(text: string, chunkBytes = text.length) {
  const bytes = Buffer.from(text)
  const chunks = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  const found = []
  for await (const { line, value } of jsonArrayEvents(chunks, 'a.json')) found.push([line, asText(value)])
  return found
}

describe('a JSON array', () => {
  it('gives its first elements before it has ended', async () => {
    function* endless(): Generator<Buffer> {
      yield Buffer.from('[{"title":"0"}')
      for (let at = 1; ; at++) yield Buffer.from(`,{"title":"${at}"}`)
    }
    const found = []
    for await (const { value } of jsonArrayEvents(endless(), 'a.json')) {
      found.push(asText(value))
      if (found.length === 2) break
    }
    expect(found).toEqual(['{"title":"0"}', '{"title":"1"}'])
  })

  it.each([
    ['of no elements', ' [ \n ] ', []],
    ['of strings with brackets, commas and quotes', '["],[\\"", "\\\\"]', ['"],[\\""', '"\\\\"']],
    ['of arrays and objects', '[[1,[2]] , {"a":{"b":[]}}]', ['[1,[2]]', '{"a":{"b":[]}}']],
    ['of characters of several bytes', '["río 🌊"]', ['"río 🌊"']],
  ])('is cut at its commas, wherever the bytes are cut: %s', async (_, text, elements) => {
    for (const chunkBytes of [1, 3, 1_000])
      expect(await readArray(text, chunkBytes)).toEqual(elements.map((each, index) => [index + 1, each]))
  })

  it.each([
    ['a comma behind its last element', '[1,2,]', 'element 3: Unexpected end'],
    ['a comma too many', '[1,,2]', 'element 2: Unexpected end'],
    ['a comma in front', '[,1]', 'element 1: Unexpected end'],
    ['a comma too few', '[1 2]', 'element 1: Unexpected non-whitespace'],
    ['another bracket inside', '[{"a":1]', 'it ends inside element 1'],
    ['another bracket at its end', '[1}', 'element 1: it ends with }'],
    ['brackets crossed', '[{"a":[1}]]', 'element 1: Expected'],
    ['no end', '[{"a":1},', 'it ends inside element 2'],
    ['no end of a string', '["a', 'it ends inside element 1'],
    ['another array behind it', '[1]\n[2]', 'more stands behind its end'],
  ])('is refused with its place where it has %s', async (_, text, reason) => {
    await expect(readArray(text, 1)).rejects.toThrow(`a.json begins as a JSON array and is none (${reason}`)
  })

  it('is refused before its first element comes where it can be read once only', async () => {
    const { events } = await openEvents('-', Readable.from(['[{"title":"a"},', '{"title":"b"},]']))
    await expect(events[Symbol.asyncIterator]().next()).rejects.toThrow(
      /element 3: .*; nothing of it was fed/,
    )
  })

  it('of a file says how many events there will be', async () => {
    const path = join(dataFolder(), 'a.json')
    writeFileSync(path, '[{"title":"a"},{"title":"b"},{"title":"c"}]')
    expect(await openEvents(path, Readable.from([]))).toMatchObject({ eventsTotal: 3 })
  })
})
