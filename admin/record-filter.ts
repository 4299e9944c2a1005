/**
 * A condition on records: `FIELD OPERATOR VALUE`. It is compared and never run, so that no filter is code.
 *
 * A field is `key`, `offset`, `partition`, `at`, `size`, `header.NAME`, or a path within the value: `request.title`, `scores.0`.
 * `value.offset` is the field of the value where one has the name of the others; `value` alone is the whole value as text.
 */
import type { RecordView } from './record-views.ts'

export const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', 'contains'] as const
export type Operator = (typeof OPERATORS)[number]

export interface RecordFilter {
  readonly field: string
  readonly operator: Operator
  readonly value: string
}

const FORM = /^\s*(\S+?)\s*(?:(!=|<=|>=|=|<|>)|\s(contains)\s)\s*(.*?)\s*$/s

/** Nothing for a text that is no condition. */
export function filterIn(text: string): RecordFilter | undefined {
  const [, field, sign, word, value = ''] = FORM.exec(text) ?? []
  const operator = OPERATORS.find(each => each === (sign ?? word))
  return field === undefined || operator === undefined ? undefined : { field, operator, value }
}

/** A field that a record does not have fits no condition, also not `!=`. */
export function fits(
  { field, operator, value }: RecordFilter,
  record: RecordView,
  decoded: unknown,
): boolean {
  const found = fieldOf(field, record, decoded)
  return found !== undefined && compares(found, operator, value)
}

function fieldOf(field: string, record: RecordView, decoded: unknown): unknown {
  if (field === 'key' || field === 'offset' || field === 'partition' || field === 'at' || field === 'size')
    return record[field]
  if (field.startsWith('header.')) {
    const name = field.slice('header.'.length)
    return record.headers.find(header => header.name === name)?.value
  }
  if (field === 'value') return decoded
  const path = field.startsWith('value.') ? field.slice('value.'.length) : field
  return inside(decoded, path.split('.'))
}

/** Own fields alone. A name with a dot in it is found too. */
function inside(value: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return value
  if (typeof value !== 'object' || value === null) return undefined
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join('.')
    if (!Object.hasOwn(value, name)) continue
    return inside(Reflect.get(value, name), path.slice(length))
  }
  return undefined
}

function compares(found: unknown, operator: Operator, value: string): boolean {
  const text = textOf(found)
  switch (operator) {
    case '=':
      return text === value || areNumbers(found, value, (a, b) => a === b)
    case '!=':
      return text !== value && !areNumbers(found, value, (a, b) => a === b)
    case 'contains':
      return text.toLowerCase().includes(value.toLowerCase())
    default:
      return isOrdered(found, operator, value)
  }
}

const ORDER = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const

/** Numbers as numbers, texts as texts: a number and a text have no order. */
function isOrdered(found: unknown, operator: keyof typeof ORDER, value: string): boolean {
  const order = ORDER[operator]
  if (typeof found === 'string') return order(found < value ? -1 : found > value ? 1 : 0, 0)
  return areNumbers(found, value, order)
}

function areNumbers(found: unknown, value: string, holds: (a: number, b: number) => boolean): boolean {
  const wanted = value === '' ? Number.NaN : Number(value)
  return typeof found === 'number' && !Number.isNaN(wanted) && holds(found, wanted)
}

const textOf = (found: unknown): string => (typeof found === 'string' ? found : JSON.stringify(found))
