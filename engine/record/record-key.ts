/** Keys between bytes and text: no two keys that differ become the same, and a key that is none is refused. */
import { textOrNothing } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'

/** Begins the lanes of keys that are no text; no text has it, since it has no UTF-8. */
const BINARY = '\udfff'

/** The lane of a key as it was read: the key itself where it is text. */
export function laneOf(key: Uint8Array): string {
  return textOrNothing(key) ?? BINARY + Buffer.from(key).toString('latin1')
}

/** The text of a lane's key; nothing for a key that is no text. */
export function textOf(lane: string | null): string | null {
  return lane?.startsWith(BINARY) ? null : lane
}

export function isBinary(lane: string | null): boolean {
  return lane?.startsWith(BINARY) === true
}

/** A key that an operator or a key function gave. Throws KEY_INVALID for what is neither well-formed text nor null. */
export function checkedKey(node: string, key: unknown): string | null {
  if (key === null || (typeof key === 'string' && key.isWellFormed())) return key
  const found = typeof key === 'string' ? 'has a lone surrogate' : `is ${typeof key}, neither text nor null`
  throw new CaudalError('KEY_INVALID', { node, reason: `the key given for a record ${found}` })
}
