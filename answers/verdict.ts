/** A judge's reply in the shapes that models really give it, as scores by criterion and feedback. */

import { readJson } from '#models/structured.ts'

type Fields = Readonly<Record<string, unknown>>

/** What is read, and which scores are fit to be a verdict. */
export interface VerdictShape {
  readonly criteria: readonly string[]
  fits(verdict: object): boolean
}

/**
 * The scores and the feedback in a value, which nobody has checked yet. They may be wrapped in other fields and lists. Scores
 * may be a list by criterion, with the feedback beside it. Where two places have scores, neither counts.
 */
export function verdictIn(value: unknown, shape: VerdictShape): unknown {
  let found = value
  let feedback: unknown
  // A loop: a reply may be nested deeper than a function can call itself.
  for (;;) {
    const fields = fieldsOf(found)
    if (!fields) return found
    feedback = feedbackOf(fields) ?? feedback
    const read = readIn(fields, feedback, shape)
    const [only, another] = Object.values(fields).filter(each => typeof each === 'object' && each !== null)
    if (read || only === undefined || another !== undefined) return read ?? { feedback: asWords(feedback) }
    found = only
  }
}

/** Of the fields themselves and of each field, the scores that fit; without any, the scores that come nearest. */
function readIn(fields: Fields, feedback: unknown, shape: VerdictShape): object | undefined {
  const { scores, ...others } = fields
  const [named, own, ...inner] = [scores, fields, ...Object.values(others)].map(each =>
    verdictOf(each, feedback, shape),
  )
  const first = [named, own].find(each => each && shape.fits(each))
  const [only, another] = inner.filter(each => each && shape.fits(each))
  return first ?? (another ? undefined : only) ?? named ?? own
}

function verdictOf(value: unknown, feedback: unknown, { criteria }: VerdictShape): object | undefined {
  const fields = fieldsOf(value)
  if (!fields) return undefined
  const known = Object.entries(fields)
    .map(([key, each]) => [plain(key), each] as const)
    .filter(([key]) => criteria.includes(key))
    .map(([key, each]) => [key, asNumber(each)] as const)
  if (known.length === 0) return undefined
  return { ...Object.fromEntries(known), feedback: asWords(feedbackOf(fields) ?? feedback) }
}

/** `Exactness`, `**exactness**` and `exactness_score` are one name. */
const plain = (key: string): string =>
  key
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim()
    .replace(/ (?:score|rating|points)$/, '')

const feedbackOf = (fields: Fields): unknown =>
  Object.entries(fields).find(([key]) => plain(key) === 'feedback')?.[1]

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of an object, or of all objects in a list: those that name a criterion are fields by that name. */
function fieldsOf(value: unknown): Fields | undefined {
  if (!Array.isArray(value)) return isObject(value) ? withOpened(value) : undefined
  const entries = value
    .map(opened)
    .filter(isObject)
    .flatMap((each): readonly (readonly [string, unknown])[] => {
      const { criterion, name, metric, criteria, dimension, aspect, ...score } = each
      const key = criterion ?? name ?? metric ?? criteria ?? dimension ?? aspect
      return typeof key === 'string' ? [[key, score]] : Object.entries(each)
    })
  const fields = Object.fromEntries(entries)
  // Two of one name are two verdicts.
  return entries.length === 0 || Object.keys(fields).length < entries.length ? undefined : fields
}

const withOpened = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, each]) => [key, plain(key) === 'feedback' ? each : opened(each)]),
  )

/** What is inside of a text that is an object in JSON, as of the arguments of a call. */
function opened(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\{/.test(value)) return value
  const read = readJson(value)
  return 'value' in read ? read.value : value
}

const SCORE =
  /^\+?(\d+(?:[.,]\d*)?)\s*(?:(?:points?|pts)\b\s*)?(?:(%|percent\b)|(?:\/|(?:out )?of)\s*10\b)?\s*(?:$|[-–—:;,.(]\s*(?!\d))/i
/** Of a scale, what is said behind the number. */
const OTHER_SCALE = /(?:\/|\bof)\s*(?!10\b)\d/i

/** `7`, `"7"`, `"7,5"`, `"7/10"`, `"7 out of 10"`, `"70%"`, `"7 - quite good"`, `{"score": 7, "reason": "..."}`. */
function asNumber(value: unknown): unknown {
  let found = value
  while (isObject(found)) {
    const { score, value: other, rating, points, grade } = found
    found = score ?? other ?? rating ?? points ?? grade
  }
  const text = typeof found === 'string' ? found.replaceAll('*', '').trim() : ''
  const [, number, percent] = (OTHER_SCALE.test(text) ? undefined : SCORE.exec(text)) ?? []
  if (number === undefined) return found
  const score = Number(number.replace(',', '.'))
  return percent === undefined ? score : score / 10
}

/** Feedback as a text, as a list of texts, or as an object of them. */
function asWords(value: unknown): string {
  if (typeof value === 'string') return value
  const parts = typeof value === 'object' && value !== null ? Object.values(value).flat() : []
  return parts.filter(each => typeof each === 'string').join(' ')
}
