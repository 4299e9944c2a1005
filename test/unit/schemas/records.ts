/** A record with every kind of field, random values of it, and later versions of a smaller one. */
import type { Random } from '#testing/seeded-random.ts'

export const KINDS_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Kinds',
  namespace: 'test',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'maybe', type: ['null', 'string'], default: null },
    { name: 'whole', type: 'int' },
    { name: 'big', type: 'long' },
    { name: 'real', type: 'double' },
    { name: 'flag', type: 'boolean' },
    { name: 'colour', type: { type: 'enum', name: 'Colour', symbols: ['red', 'green'] } },
    { name: 'list', type: { type: 'array', items: 'string' } },
    { name: 'table', type: { type: 'map', values: 'double' } },
    {
      name: 'inner',
      type: {
        type: 'record',
        name: 'Inner',
        fields: [
          { name: 'id', type: 'string' },
          { name: 'next', type: ['null', 'Inner'], default: null },
          { name: 'note', type: ['null', 'string'], default: null },
        ],
      },
    },
    { name: 'inners', type: { type: 'array', items: 'Inner' } },
    { name: 'more', type: ['null', { type: 'map', values: 'Inner' }], default: null },
  ],
})

export interface Inner {
  readonly id: string
  readonly next?: Inner | undefined
  readonly note?: string | undefined
}

export interface Kinds {
  readonly text: string
  readonly maybe?: string | undefined
  readonly whole: number
  readonly big: number
  readonly real: number
  readonly flag: boolean
  readonly colour: 'red' | 'green'
  readonly list: readonly string[]
  readonly table: Readonly<Record<string, number>>
  readonly inner: Inner
  readonly inners: readonly Inner[]
  readonly more?: Readonly<Record<string, Inner>> | undefined
}

const TEXTS = ['', 'a', 'ñandú', '日本語', '\u{1f980}', 'x'.repeat(200), '__proto__', 'constructor', '\u0000']

export function randomKinds(random: Random): Kinds {
  const upTo = (limit: number) => Math.floor(random() * limit)
  const text = () => TEXTS[upTo(TEXTS.length)] ?? ''
  const many = <T>(make: () => T): T[] => Array.from({ length: upTo(4) }, make)
  const maybe = <T>(make: () => T): T | undefined => (random() < 0.5 ? make() : undefined)
  const inner = (): Inner => ({ id: text(), next: maybe(inner), note: maybe(text) })
  const table = <T>(make: () => T) =>
    Object.fromEntries(many(() => [text(), make()] as const)) as Readonly<Record<string, T>>
  return {
    text: text(),
    maybe: maybe(text),
    whole: upTo(2 ** 32) - 2 ** 31,
    big: (random() < 0.5 ? -1 : 1) * upTo(2 ** 52),
    real: [0, -0.5, 1e300, Number.POSITIVE_INFINITY, random()][upTo(5)] ?? 0,
    flag: random() < 0.5,
    colour: random() < 0.5 ? 'red' : 'green',
    list: many(text),
    table: table(random),
    inner: inner(),
    inners: many(inner),
    more: maybe(() => table(inner)),
  }
}

/** Has every field that its schema says, each of its type; the reason where not. */
export function faultOf(value: unknown): string | undefined {
  const kinds = value as Kinds
  const isInner = (inner: Inner | undefined): boolean =>
    inner === undefined ||
    (typeof inner.id === 'string' &&
      isInner(inner.next) &&
      ['string', 'undefined'].includes(typeof inner.note))
  const holds = {
    text: typeof kinds.text === 'string',
    maybe: ['string', 'undefined'].includes(typeof kinds.maybe),
    whole: Number.isInteger(kinds.whole),
    big: Number.isSafeInteger(kinds.big),
    real: typeof kinds.real === 'number',
    flag: typeof kinds.flag === 'boolean',
    colour: ['red', 'green'].includes(kinds.colour),
    list: kinds.list.every(item => typeof item === 'string'),
    table: Object.values(kinds.table).every(item => typeof item === 'number'),
    inner: kinds.inner !== undefined && isInner(kinds.inner),
    inners: kinds.inners.every(item => item !== undefined && isInner(item)),
    more: kinds.more === undefined || Object.values(kinds.more).every(isInner),
  }
  return Object.entries(holds).find(([, holds]) => !holds)?.[0]
}

const record = (name: string, fields: readonly object[], more: object = {}) =>
  JSON.stringify({ type: 'record', name, namespace: 'test', fields, ...more })

/** Three versions: a field is added with a default, then one is renamed by an alias and one widened. */
export const COUNT_V1 = record('Count', [{ name: 'total', type: 'int' }])
export const COUNT_V2 = record('Count', [
  { name: 'total', type: 'int' },
  { name: 'last', type: ['null', 'string'], default: null },
  { name: 'weight', type: 'double', default: 1 },
])
export const COUNT_V3 = record('Count', [
  { name: 'sum', aliases: ['total'], type: 'long' },
  { name: 'last', type: ['null', 'string'], default: null },
])
/** Wants what nobody wrote. */
export const COUNT_BAD = record('Count', [{ name: 'owner', type: 'string' }])
