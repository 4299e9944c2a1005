/**
 * Keys of the entries of a state topic. The first character says the kind. Names of operators and states are escaped, so
 * that a slash ends them. A user's key that is not the last part carries its length. So no two entries share a key, and no
 * entry of one key has the prefix of another's, whatever characters users put in.
 *
 * ```
 * v{operator}/{state}/{key}                    value of a key
 * m{operator}/{state}/{length}:{key}{name}     one entry of a key's map
 * t{operator}/{timer}/{key}                    when the timer is due
 * s{call id}                                   journaled result of a step
 * !{name}                                      the engine's own
 * ```
 */
import { CaudalError } from '#core/errors.ts'

/** Longest user key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 1024
/** Longest name within a key's map, in bytes of UTF-8. */
export const MAP_NAME_BYTES_MAX = 512
/** Longest escaped name of an operator, a state or a timer, in bytes of UTF-8. */
export const NAME_BYTES_MAX = 200
/** Longest key of an entry, in bytes: every composite of the above fits, and it fits into LMDB's limit of 1,978. */
export const ENTRY_BYTES_MAX = 1_960

/** The largest entry, key and value: less a little than a record, for what the log adds to each. */
export const stateBytesMaxOf = (recordBytesMax: number): number => recordBytesMax - 512

/** The progress of the task on its sources. */
export const CHECKPOINT = '!checkpoint'
/** Begins the entries of markers: the nonce that an owner writes before it restores, deleted once that owner is out. */
export const MARKER_PREFIX = '!marker/'
export const markerEntry = (nonce: string): string => MARKER_PREFIX + nonce
/** Begins the entries of records that were given up. */
export const GIVEN_UP_PREFIX = '!given-up/'
export const givenUpEntry = (id: string): string => GIVEN_UP_PREFIX + id
/** The nonce of an owner that left the task cleanly. */
export const RELEASE = '!release'
/** The version of the layout and the names of the states that the stage owns. */
export const LAYOUT = '!layout'

const ENGINE_GROUPS = [MARKER_PREFIX, GIVEN_UP_PREFIX]

/** Every timer entry begins with this. */
export const TIMER_PREFIX = 't'
/** Every entry of a journaled step begins with this. */
export const STEP_PREFIX = 's'

export type Entry =
  | { readonly kind: 'value'; readonly operator: string; readonly state: string; readonly key: string }
  | {
      readonly kind: 'map'
      readonly operator: string
      readonly state: string
      readonly key: string
      readonly name: string
    }
  | { readonly kind: 'timer'; readonly operator: string; readonly name: string; readonly key: string }
  | { readonly kind: 'step'; readonly callId: string }
  | { readonly kind: 'engine'; readonly name: string }

/** Every value of the state begins with this: build it once per operator, then append keys that passed `checkKey`. */
export function valuePrefix(operator: string, state: string): string {
  return `v${escaped(operator)}/${escaped(state)}/`
}

export function valueEntry(operator: string, state: string, key: string): string {
  checkKey(operator, key)
  return valuePrefix(operator, state) + key
}

/** Every map entry of the state begins with this, whatever the key. */
export function mapPrefix(operator: string, state: string): string {
  return `m${escaped(operator)}/${escaped(state)}/`
}

export function mapEntryPrefix(operator: string, state: string, key: string): string {
  checkKey(operator, key)
  return `${mapPrefix(operator, state)}${key.length}:${key}`
}

export function mapEntry(operator: string, state: string, key: string, name: string): string {
  checkName(operator, name)
  return mapEntryPrefix(operator, state, key) + name
}

/** Every timer of the name begins with this, whatever the key. */
export function timerPrefix(operator: string, name: string): string {
  return `t${escaped(operator)}/${escaped(name)}/`
}

export function timerEntry(operator: string, name: string, key: string): string {
  checkKey(operator, key)
  return timerPrefix(operator, name) + key
}

export function stepEntry(callId: string): string {
  if (!fits(callId, ENTRY_BYTES_MAX - 1)) throw invalid('step', 'identity of a step', ENTRY_BYTES_MAX - 1)
  return `s${callId}`
}

/** Throws KEY_INVALID when a user key cannot be part of an entry. */
export function checkKey(operator: string, key: string): void {
  if (!fits(key, KEY_BYTES_MAX)) throw invalid(operator, 'key', KEY_BYTES_MAX)
}

/** Throws KEY_INVALID when a name cannot be that of an entry of a map. */
export function checkName(operator: string, name: string): void {
  if (!fits(name, MAP_NAME_BYTES_MAX)) throw invalid(operator, 'name in a map', MAP_NAME_BYTES_MAX)
}

/** Whether this can be the key of an entry at all. */
export function isEntryKey(text: string): boolean {
  return text !== '' && fits(text, ENTRY_BYTES_MAX)
}

/** The parts that an entry's key was built from; undefined for a key that this version does not build. */
export function parseEntry(entry: string): Entry | undefined {
  switch (entry[0]) {
    case 'v':
    case 't':
      return parseKeyed(entry)
    case 'm':
      return parseMapEntry(entry)
    case 's':
      return { kind: 'step', callId: entry.slice(1) }
    case '!':
      return { kind: 'engine', name: entry.slice(1) }
    default:
      return undefined
  }
}

/**
 * The prefix by which an entry is looked for together with others: that of its key's map, of all timers or of all steps.
 * Indexes in memory keep these groups; undefined for what is only read one by one or all at once.
 */
export function groupOf(entry: string): string | undefined {
  const kind = entry[0]
  if (kind === 'm') return mapGroup(entry)?.prefix
  if (kind === '!') return ENGINE_GROUPS.find(prefix => entry.startsWith(prefix))
  return kind === TIMER_PREFIX || kind === STEP_PREFIX ? kind : undefined
}

function parseKeyed(entry: string): Entry | undefined {
  const names = parseNames(entry)
  if (!names) return undefined
  const { operator, second, rest } = names
  const key = entry.slice(rest)
  return entry[0] === 'v'
    ? { kind: 'value', operator, state: second, key }
    : { kind: 'timer', operator, name: second, key }
}

function parseMapEntry(entry: string): Entry | undefined {
  const names = parseNames(entry)
  const group = mapGroup(entry)
  if (!names || !group) return undefined
  const name = entry.slice(group.prefix.length)
  return { kind: 'map', operator: names.operator, state: names.second, key: group.key, name }
}

function parseNames(entry: string): { operator: string; second: string; rest: number } | undefined {
  const first = entry.indexOf('/')
  const second = entry.indexOf('/', first + 1)
  if (first < 0 || second < 0) return undefined
  return {
    operator: unescaped(entry.slice(1, first)),
    second: unescaped(entry.slice(first + 1, second)),
    rest: second + 1,
  }
}

function mapGroup(entry: string): { prefix: string; key: string } | undefined {
  const lengthAt = entry.indexOf('/', entry.indexOf('/') + 1) + 1
  const colon = entry.indexOf(':', lengthAt)
  const length = Number(entry.slice(lengthAt, colon))
  const end = colon + 1 + length
  if (lengthAt === 0 || colon < 0 || !Number.isInteger(length) || end > entry.length) return undefined
  return { prefix: entry.slice(0, end), key: entry.slice(colon + 1, end) }
}

/** A string of n characters has at most 3n bytes: short ones need no counting. Lone surrogates have no UTF-8. */
function fits(text: string, bytesMax: number): boolean {
  return (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) && text.isWellFormed()
}

function invalid(operator: string, what: string, bytesMax: number): CaudalError {
  return new CaudalError('KEY_INVALID', {
    node: operator,
    reason: `a ${what} must be well-formed text of at most ${bytesMax} bytes`,
  })
}

function escaped(name: string): string {
  const plain = /[%/]/.test(name) ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name
  if (!fits(plain, NAME_BYTES_MAX)) throw invalid(name, 'name', NAME_BYTES_MAX)
  return plain
}

function unescaped(name: string): string {
  return name.includes('%') ? name.replaceAll('%2F', '/').replaceAll('%25', '%') : name
}
