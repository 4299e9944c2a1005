/** Avro values in the wire format: round trips, evolution, and bytes that are not what they claim. */
import { describe, expect, it, test } from 'vitest'
import { anyAvro } from '#schemas/avro/any-avro.ts'
import { avro } from '#schemas/avro/avro-codec.ts'
import { AvroType } from '#schemas/avro/avro-type.ts'
import { jsonOrAvro } from '#schemas/avro/json-or-avro.ts'
import type { Binding } from '#schemas/avro/schema-codec.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import {
  COUNT_BAD,
  COUNT_V1,
  COUNT_V2,
  COUNT_V3,
  faultOf,
  KINDS_SCHEMA,
  type Kinds,
  randomKinds,
} from './records.ts'

const kinds = avro<Kinds>(KINDS_SCHEMA)

/** Ids from 1 on, known without asking anybody. */
function bindingOf(...texts: readonly string[]): Binding {
  const types = texts.map(text => new AvroType(text, 'loose'))
  return {
    idOf: schema => types.findIndex(type => type.writesAs(schema)) + 1 || undefined,
    writers: {
      typeOf(id, reader) {
        const type = types[id - 1]
        if (!type) throw new TypeError(`${reader}: nobody knows ${id}`)
        return type
      },
    },
  }
}
const bound = <T>(text: string, ...known: readonly string[]) => avro<T>(text).bound(bindingOf(...known))

test('random values come back as they were, a thousand of them', () => {
  const random = seededRandom(1)
  for (let nth = 0; nth < 1_000; nth++) {
    const value = randomKinds(random)
    const read = kinds.decode(kinds.encode(value))
    expect(read).toEqual(value)
    expect(faultOf(read)).toBeUndefined()
  }
})

test('cut and changed bytes are refused or read as a whole value, never as part of one', {
  timeout: 60_000,
}, () => {
  const random = seededRandom(2)
  const older = bound<Kinds>(KINDS_SCHEMA, KINDS_SCHEMA)
  let refused = 0
  for (let nth = 0; nth < 20_000; nth++) {
    const bytes = Buffer.from(kinds.encode(randomKinds(random)))
    const changes = nth % 3 === 0 ? 0 : 1 + Math.floor(random() * 4)
    for (let change = 0; change < changes; change++) {
      bytes[5 + Math.floor(random() * (bytes.length - 5))] = Math.floor(random() * 256)
    }
    const cut = nth % 3 === 0 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
    try {
      const fault = faultOf((nth % 2 ? kinds : older).decode(cut))
      expect(fault, `${nth}: ${cut.toString('hex')}`).toBeUndefined()
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error
      refused++
    }
  }
  expect(refused).toBeGreaterThan(10_000)
})

describe('collections that claim to be larger than their record', () => {
  const list = avro<{ items: unknown[] }>(
    '{"type":"record","name":"L","fields":[{"name":"items","type":{"type":"array","items":"string"}}]}',
  )
  const table = avro<{ items: object }>(
    '{"type":"record","name":"M","fields":[{"name":"items","type":{"type":"map","values":"string"}}]}',
  )
  it.each([
    ['a list', list],
    ['a map', table],
  ])('%s of billions is refused at once', (_, codec) => {
    const items = codec === list ? [] : {}
    const head = codec.encode({ items } as never).subarray(0, 5)
    for (const count of ['feffffff0f', 'fdffffff0f00', 'feffffffffffff1f']) {
      const bytes = Buffer.concat([head, Buffer.from(count, 'hex'), Buffer.alloc(20)])
      expect(() => codec.decode(bytes)).toThrow(/it claims \d+ items in the \d+ bytes that are left/)
    }
  })

  it('items of no bytes are refused with the schema', () => {
    const nothing = (items: unknown) => JSON.stringify({ type: 'array', items })
    expect(() => avro(nothing('null'), { name: 'x' })).toThrow('items that take no bytes')
    expect(() => avro(nothing({ type: 'record', name: 'E', fields: [] }), { name: 'x' })).toThrow('no bytes')
  })

  it('a writer cannot make a reader skip billions either', () => {
    const writer = new AvroType(
      '{"type":"record","name":"S","fields":[{"name":"skipped","type":{"type":"array","items":"int"}},{"name":"a","type":"int"}]}',
      'loose',
    )
    const reader = new AvroType('{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}')
    const decode = reader.decoderOf(writer)
    expect(decode(Buffer.from('0000000001' + '020400' + '06', 'hex'))).toEqual({ a: 3 })
    expect(() => decode(Buffer.from('0000000001' + 'feffffff0f' + '06', 'hex'))).toThrow('it claims')
  })
})

describe('what is refused, and with which error', () => {
  const count = bound<{ total: number }>(COUNT_V1, COUNT_V1)
  const good = Buffer.from(count.encode({ total: 300 }))

  it.each([
    ['an unknown magic byte', Buffer.from('\u0001rest'), 'it begins with byte 1'],
    ['nothing at all', Buffer.alloc(0), 'it is empty'],
    ['a head that is cut short', good.subarray(0, 3), 'it has 3 bytes'],
    [
      'a body that is cut short',
      good.subarray(0, -1),
      'schema 1: the body, written as test.Count, is cut short',
    ],
    ['bytes after the body', Buffer.concat([good, good]), 'followed by 7 bytes that do not belong to it'],
    ['an id that nobody knows', Buffer.from([0, 0, 0, 0, 9, 0]), 'test.Count: nobody knows 9'],
  ])('%s', (_, bytes, message) => {
    expect(() => count.decode(bytes)).toThrow(message)
  })

  it('a writer that cannot be resolved, with schema, id and what to do', () => {
    const reader = bound(COUNT_BAD, COUNT_V1)
    expect(() => reader.decode(good)).toThrow(
      /SCHEMA_MISMATCH: schema 1 \(test.Count\) cannot be read as test.Count: .*owner.*give the field .* a default or an alias/,
    )
  })

  it('a value that does not fit, with its fields', () => {
    expect(() => count.encode({ total: 'x' } as never)).toThrow('total must be int, not string')
    expect(() => count.encode({} as never)).toThrow('total must be int, not undefined')
  })

  it('a schema that is none, or whose unions are ambiguous', () => {
    expect(() => avro('{"type":"nope"}')).toThrow('no Avro schema')
    expect(() => avro('["int","long"]', { name: 'x' })).toThrow('ambiguous')
  })

  it('writing where the schema has no id', () => {
    expect(() => bound(COUNT_V2, COUNT_V1).encode({ total: 1 })).toThrow('it has no id')
  })
})

test('older values take defaults, renamed fields are found by their aliases, numbers widen', () => {
  const all = [COUNT_V1, COUNT_V2, COUNT_V3] as const
  const [v1, v2, v3] = [bound(COUNT_V1, ...all), bound(COUNT_V2, ...all), bound(COUNT_V3, ...all)]
  expect(v2.decode(v1.encode({ total: 3 }))).toEqual({ total: 3, last: undefined, weight: 1 })
  expect(v3.decode(v1.encode({ total: 3 }))).toEqual({ sum: 3, last: undefined })
  expect(v3.decode(v2.encode({ total: 3, last: 'x', weight: 2 }))).toEqual({ sum: 3, last: 'x' })
  expect(v1.decode(v2.encode({ total: 3, last: 'x', weight: 2 }))).toEqual({ total: 3 })
})

test('the id without a registry is the fingerprint of the canonical form: documentation does not change it', () => {
  const documented = JSON.stringify({ ...JSON.parse(COUNT_V1), doc: 'More words.' })
  expect(new AvroType(documented).fingerprint).toBe(new AvroType(COUNT_V1).fingerprint)
  expect(new AvroType(COUNT_V2).fingerprint).not.toBe(new AvroType(COUNT_V1).fingerprint)
  expect(avro(documented).decode(avro(COUNT_V1).encode({ total: 1 }))).toEqual({ total: 1 })
})

test('a value larger than the first buffer is written whole', () => {
  const codec = avro<string>('"string"', { name: 'text' })
  const long = 'ñ'.repeat(300_000)
  expect(codec.decode(codec.encode(long))).toBe(long)
})

describe('integers', () => {
  const long = avro<number>('"long"', { name: 'long' })
  const int = avro<number>('"int"', { name: 'int' })

  it('integers are exact up to their limits, and refused beyond', () => {
    for (const value of [0, -1, 1, 2 ** 52 - 1, -(2 ** 52) + 1, -(2 ** 52) + 2]) {
      expect(long.decode(long.encode(value))).toBe(value)
    }
    for (const value of [2 ** 52, -(2 ** 52), Number.NaN, 0.5, '1']) {
      expect(() => long.encode(value as never)).toThrow(TypeError)
    }
    expect(() => int.encode(2 ** 31)).toThrow('it must be int, not number')
  })

  it('integers are refused where they were written beyond', () => {
    const body = (codec: typeof long, hex: string) =>
      Buffer.concat([codec.encode(0).subarray(0, 5), Buffer.from(hex, 'hex')])
    // The largest long of Java, the first odd one that floating point misreads, and an int of 40 bits.
    expect(() => long.decode(body(long, 'feffffffffffffffff01'))).toThrow('beyond 2^52')
    expect(() => long.decode(body(long, '8180808080808010'))).toThrow('beyond 2^52')
    expect(() => int.decode(body(int, 'feffffffff0f'))).toThrow('more than 32 bits')
    expect(() => int.decode(body(int, `${'ff'.repeat(200)}00`))).toThrow('more than 32 bits')
  })
})

test('what was encoded is not changed by encoding the next', () => {
  const first = kinds.encode(randomKinds(seededRandom(3)))
  const copy = Buffer.from(first)
  kinds.encode(randomKinds(seededRandom(4)))
  expect(Buffer.from(first).equals(copy)).toBe(true)
})

test('bytes may be part of a larger memory', () => {
  const message = kinds.encode(randomKinds(seededRandom(5)))
  const padded = new Uint8Array(message.length + 20)
  padded.set(message, 10)
  expect(kinds.decode(padded.subarray(10, 10 + message.length))).toEqual(randomKinds(seededRandom(5)))
})

describe('jsonOrAvro', () => {
  const either = jsonOrAvro(bound<{ total: number; last?: string }>(COUNT_V2, COUNT_V2))

  it('jsonOrAvro reads both, JSON held to the schema', () => {
    const value = { total: 2, last: undefined, weight: 1 }
    expect(either.decode(Buffer.from(' \n{"total": 2, "unknown": 1}'))).toEqual(value)
    expect(either.decode(either.encode({ total: 2 }))).toEqual(value)
    expect(either.encode({ total: 2 })[0]).toBe(0)
    expect(() => either.decode(Buffer.from('{"total": "2"}'))).toThrow('total must be int, not string')
    expect(() => either.decode(Buffer.from('{"total": 2'))).toThrow(SyntaxError)
    expect(() => either.decode(Buffer.from('[1]'))).toThrow('total must be int')
  })

  it.each([
    ['plain text', 'hello', 104],
    ['a number', '42', 52],
    ['another magic', '\u0002', 2],
  ])('%s is neither', (_, text, byte) => {
    expect(() => either.decode(Buffer.from(text))).toThrow(
      `it begins with byte ${byte}: neither Avro nor JSON`,
    )
  })

  it('nothing is neither', () => {
    expect(() => either.decode(Buffer.alloc(0))).toThrow('begins with nothing')
  })

  it('jsonOrAvro passes a binding on', () => {
    const later = jsonOrAvro(avro(COUNT_V2)).bound(bindingOf(COUNT_V1, COUNT_V2))
    expect(later.decode(bound(COUNT_V1, COUNT_V1).encode({ total: 1 }))).toMatchObject({
      total: 1,
      weight: 1,
    })
  })
})

test('anyAvro reads by the writer alone, in its shape', () => {
  const any = anyAvro('any').bound(bindingOf(COUNT_V1, KINDS_SCHEMA))
  expect(any.decode(bound(COUNT_V1, COUNT_V1).encode({ total: 1 }))).toEqual({ total: 1 })
  const value = randomKinds(seededRandom(6))
  expect(any.decode(bound<Kinds>(KINDS_SCHEMA, COUNT_V1, KINDS_SCHEMA).encode(value))).toEqual(value)
  expect(() => any.encode({})).toThrow('no schema of its own')
})

describe('strings', () => {
  const Words = avro<{ word: string; counts: Record<string, string> }>(
    '{"type":"record","name":"Words","fields":[{"name":"word","type":"string"},{"name":"counts","type":{"type":"map","values":"string"}}]}',
  )

  it.each(['\ud800', 'a\udc00b'])(
    'strings that have no UTF-8 (%j) are refused, as values and as keys of maps',
    lone => {
      expect(() => Words.encode({ word: lone, counts: {} })).toThrow(TypeError)
      expect(() => Words.encode({ word: '', counts: { [lone]: '' } })).toThrow(TypeError)
      expect(() => Words.encode({ word: '', counts: { a: lone } })).toThrow(TypeError)
    },
  )

  it('strings that are no valid UTF-8 are refused, and a replacement character that was written is read', () => {
    const written = { word: '\ufffd é', counts: { '\ufffd': 'x' } }
    const encoded = Buffer.from(Words.encode(written))
    expect(Words.decode(encoded)).toEqual(written)
    for (const at of [encoded.indexOf(0xef), encoded.lastIndexOf(0xef)]) {
      const broken = Buffer.from(encoded)
      broken[at] = 0xff
      expect(() => Words.decode(broken)).toThrow('not valid UTF-8')
    }
  })

  it('longer than one byte can tell are found where they begin', () => {
    const written = { word: `${'x'.repeat(9_000)}\ufffd`, counts: {} }
    const encoded = Buffer.from(Words.encode(written))
    expect(Words.decode(encoded)).toEqual(written)
    encoded[encoded.length - 2] = 0xff
    expect(() => Words.decode(encoded)).toThrow('not valid UTF-8')
  })
})
