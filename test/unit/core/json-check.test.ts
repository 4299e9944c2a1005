/** JSON that a schema checks: any library of Standard Schema, synchronous, with faults that name their path. */
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Codec, codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import type { StandardSchema } from '#core/standard-schema.ts'
import { testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'

const OrderSchema = v.object({
  id: v.pipe(v.string(), v.minLength(1)),
  items: v.array(v.object({ name: v.string(), price: v.number() })),
  currency: v.optional(v.string(), 'EUR'),
})
const Order = codec.json('Order', OrderSchema)

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('a codec with a schema', () => {
  it('a codec with a schema has the type of what the schema returns', () => {
    expectTypeOf(Order).toEqualTypeOf<Codec<v.InferOutput<typeof OrderSchema>>>()
  })

  it('a codec with a schema decodes what the schema returns, defaults included, and nothing else', () => {
    const given = { id: 'a', items: [{ name: 'pen', price: 2 }], more: 1 }
    const order = Order.decode(bytesOf(given))
    expect(order).toEqual({ id: 'a', items: [{ name: 'pen', price: 2 }], currency: 'EUR' })
    expect(Order.decode(Order.encode(order))).toEqual(order)
  })

  it('a codec with a schema names every fault with its path', () => {
    const wrong = {
      id: '',
      items: [
        { name: 'pen', price: 2 },
        { name: 'ink', price: 'two' },
      ],
    }
    expect(() => Order.decode(bytesOf(wrong))).toThrow(
      /^Order: id: Invalid length: .*; items\[1\]\.price: Invalid type: Expected number but received "two"$/,
    )
  })

  it('a codec with a schema names a fault of the value itself without a path', () => {
    expect(() => Order.decode(bytesOf(5))).toThrow('Order: Invalid type: Expected Object but received 5')
  })

  it('a codec with a schema names ten faults of many', () => {
    const wrong = { id: 'a', items: Array.from({ length: 12 }, () => ({ name: 'pen', price: 'two' })) }
    expect(() => Order.decode(bytesOf(wrong))).toThrow(/items\[9\].*received "two" and 2 more$/)
  })

  it('a codec with a schema sends a record that is refused to the dead letters, with the path', async () => {
    const p = topology('shop')
    const orders = p.source('orders', { value: Order, partitions: 1 })
    const ids = p.topic('ids', { value: codec.text, partitions: 1 })
    const name = operator({
      name: 'name',
      input: Order,
      outputs: { id: codec.text },
      process: ({ value }, ctx) => ctx.emit('id', `${value.id} ${value.currency}`),
    })
    orders.process('name', name).to(ids)
    await using kit = await testTopology(p.build())
    await kit.send(
      'orders',
      { key: 'a', bytes: '{"id":"a","items":[]}' },
      { key: 'b', bytes: '{"id":5,"items":[]}' },
    )
    await kit.settle()
    expect(kit.read(ids)).toEqual(['a EUR'])
    expect(kit.deadLetters()).toMatchObject([
      { code: 'DECODE_FAILED', message: expect.stringContaining('Order: id: Invalid type') },
    ])
  })
})

describe('a schema', () => {
  it('a schema that is asynchronous is refused where the codec is declared', () => {
    const later = v.objectAsync({
      id: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    })
    expect(() => codec.json('Later', later)).toThrow(
      'codec Later: its schema, of valibot, validates asynchronously; use a synchronous one',
    )
  })

  it('a schema that turns out to be asynchronous at some value is refused there', () => {
    const validate = (value: unknown) => (value === 'slow' ? Promise.resolve({ value: '' }) : { value: '' })
    const sometimes: StandardSchema<string> = { '~standard': { version: 1, vendor: 'test', validate } }
    const sly = codec.json('Sly', sometimes)
    expect(sly.decode(bytesOf('quick'))).toBe('')
    expect(() => sly.decode(bytesOf('slow'))).toThrow('validates asynchronously')
  })

  it('a schema of another version is refused', () => {
    const next = { '~standard': { version: 2, vendor: 'test', validate: () => ({ value: '' }) } }
    expect(() => codec.json('Next', next as never)).toThrow(
      'follows version 2 of Standard Schema; use version 1',
    )
  })

  it('a schema may be a function, as those of some libraries are', () => {
    const named = Object.assign(() => false, OrderSchema)
    expect(codec.json('Order', named).decode(bytesOf({ id: 'a', items: [] }))).toMatchObject({
      currency: 'EUR',
    })
  })
})

describe('a function', () => {
  it('a function refuses a value by false or by a throw', () => {
    const even = codec.json<number>('Even', value => value % 2 === 0)
    expect(even.decode(bytesOf(4))).toBe(4)
    expect(() => even.decode(bytesOf(5))).toThrow('Even: the value was refused by its check')
  })
})
