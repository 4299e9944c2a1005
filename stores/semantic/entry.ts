/** Records of the topic of the index: an answer with the vector of its question, or a task type that is switched off. */
import type { NewRecord } from '#core/record.ts'
import type { IndexedAnswer } from '../semantic.ts'

/** An answer with the vector of its question. */
export interface Entry {
  /** The embedder that made the vector. */
  readonly embedder: string
  readonly vector: Float32Array
  readonly answer: IndexedAnswer
}

/** Why the index of a task type is off. */
export interface SwitchedOff {
  readonly taskType: string
  readonly reason: string
}

/** What a record says; nothing for one that cannot be read. */
export type Said =
  | { readonly kind: 'entry'; readonly key: string; readonly entry: Entry }
  | { readonly kind: 'removed'; readonly key: string }
  | { readonly kind: 'off'; readonly off: SwitchedOff }

/** Compacted, and kept for ever: an entry is replaced by a newer answer to its question. */
export const SEMANTIC_TOPIC = 'llm.semantic'

/** The keys of records that switch a task type off begin with it. */
export const OFF_PREFIX = 'off:'

/** The record's key is the identity of the question, which holds organisation and task type. */
export function entryRecord({ embedder, vector, answer }: Entry, timestamp: number): NewRecord {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  const value = JSON.stringify({ embedder, vector: bytes.toString('base64'), answer })
  return { key: Buffer.from(answer.questionHash), value: Buffer.from(value), headers: {}, timestamp }
}

/** The record that switches the index of a task type off, until a tombstone of its key. */
export const offRecord = ({ taskType, reason }: SwitchedOff, timestamp: number): NewRecord => ({
  key: Buffer.from(`${OFF_PREFIX}${taskType}`),
  value: Buffer.from(JSON.stringify({ reason })),
  headers: {},
  timestamp,
})

/** What a record of the topic says; undefined for a record that cannot be read. */
export function said({ key, value }: Pick<NewRecord, 'key' | 'value'>): Said | undefined {
  if (key === null) return undefined
  const name = Buffer.from(key).toString()
  if (value === null) return { kind: 'removed', key: name }
  const json = parsed(Buffer.from(value).toString())
  if (!isObject(json)) return undefined
  if (name.startsWith(OFF_PREFIX)) {
    const reason = typeof json.reason === 'string' ? json.reason : 'without a reason'
    return { kind: 'off', off: { taskType: name.slice(OFF_PREFIX.length), reason } }
  }
  const entry = entryOf(json)
  return entry?.answer.questionHash === name ? { kind: 'entry', key: name, entry } : undefined
}

type Loose = Readonly<Record<string, unknown>>

function entryOf({ embedder, vector, answer }: Loose): Entry | undefined {
  if (typeof embedder !== 'string' || typeof vector !== 'string' || !isObject(answer)) return undefined
  const known = answerOf(answer)
  const bytes = Buffer.from(vector, 'base64')
  if (!known || bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) return undefined
  return { embedder, vector: new Float32Array(Uint8Array.from(bytes).buffer), answer: known }
}

function answerOf(json: Loose): IndexedAnswer | undefined {
  const { organization, taskType, promptVersion, questionHash, question, id, answer, model } = json
  const { structured, final, belowThreshold, costUsd, deliveredAt } = json
  const texts = { organization, taskType, promptVersion, questionHash, question, id, answer, model }
  if (!areTexts(texts) || !isNumber(final) || !isNumber(deliveredAt) || typeof belowThreshold !== 'boolean')
    return undefined
  return {
    ...texts,
    final,
    belowThreshold,
    deliveredAt,
    ...(typeof structured === 'string' && { structured }),
    ...(isNumber(costUsd) && { costUsd }),
  }
}

const areTexts = <K extends string>(all: Readonly<Record<K, unknown>>): all is Readonly<Record<K, string>> =>
  Object.values(all).every(text => typeof text === 'string')

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Another program wrote it; the reader counts it.
  }
}
