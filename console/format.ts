/** Numbers with their units, and times, in the reader's language and zone. */
import { language } from './language.ts'

export const NONE = '–'

export const count = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? NONE
    : new Intl.NumberFormat(language.value).format(Math.round(value))

/** One digit behind the point below ten. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE
  const digits = value > 0 && value < 10 ? 1 : 0
  return new Intl.NumberFormat(language.value, {
    maximumFractionDigits: digits,
    minimumFractionDigits: 0,
  }).format(value)
}

/** Two digits that mean something, however small the sum is. */
export function usd(value: number): string {
  const small = Math.abs(value) < 1
  const format = new Intl.NumberFormat(language.value, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    ...(small && value !== 0 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 }),
  })
  return format.format(value)
}

export const score = (value: number | undefined): string =>
  value === undefined
    ? NONE
    : new Intl.NumberFormat(language.value, { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(
        value,
      )

/** A mean, with as many digits as tell two versions apart. */
export const decimal = (value: number): string =>
  new Intl.NumberFormat(language.value, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)

/** The same of a difference, with its sign. */
export const signed = (value: number): string =>
  new Intl.NumberFormat(language.value, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: 'exceptZero',
  }).format(value)

export const percent = (share: number): string =>
  new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(share)

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** The largest unit that fits, and below ten of it the next one too. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000)
    return `${new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 }).format(ms / 1_000)} s`
  for (const [index, [unit, size]] of UNITS.entries()) {
    if (ms < size) continue
    const whole = Math.floor(ms / size)
    const [smaller, part] = UNITS[index + 1] ?? []
    const rest = part === undefined ? 0 : Math.floor((ms % size) / part)
    return whole < 10 && rest > 0 ? `${whole} ${unit} ${rest} ${smaller}` : `${whole} ${unit}`
  }
  return NONE
}

export const clockTime = (time: string | number): string =>
  new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    new Date(time),
  )

export const wholeTime = (time: string | number): string =>
  new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(time))
