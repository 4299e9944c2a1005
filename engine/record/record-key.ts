/** Keys between bytes and text. Keys that differ never become the same, and a value that is no key is refused. */
import { textOrNothing } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'

/** Begins the lanes of keys that are no text. No decoded text has this character, since UTF-8 cannot encode it. */
const BINARY = '\udfff'

/** The lane of a key as it was read: the key itself if it is text. */
export function laneOf(key: Uint8Array): string {
  return textOrNothing(key) ?? BINARY + Buffer.from(key).toString('latin1')
}

/** The text of a lane's key. `null` for a key that is no text. */
export function textOf(lane: string | null): string | null {
  return lane?.startsWith(BINARY) ? null : lane
}

export function isBinary(lane: string | null): boolean {
  return lane?.startsWith(BINARY) === true
}

/** Checks a key from an operator or a key function. Throws KEY_INVALID unless it is well-formed text or null. */
export function checkedKey(node: string, key: unknown): string | null {
  if (key === null || (typeof key === 'string' && key.isWellFormed())) return key
  const found = typeof key === 'string' ? 'has a lone surrogate' : `is ${typeof key}, neither text nor null`
  throw new CaudalError('KEY_INVALID', { node, reason: `the key given for a record ${found}` })
}
