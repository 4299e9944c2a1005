/** Ownership of a task as it is stored: the claim in the group's offsets, the marker and the release in the state topic. */
import { corrupt, type Fields, FORMAT, fieldsOf, parseStored } from './stored-fields.ts'

/** The owner of a task, as the claim in the group's offset entry and the marker in the state topic name it. */
export interface Claim {
  readonly incarnation: string
  /** The owner's transactional id: the next owner fences by it. */
  readonly producer: string
  /** New for each claim. */
  readonly nonce: string
}
export type Marker = Claim

/** Ends the claims with these nonces: nothing can follow under them. */
export interface Release {
  readonly nonces: readonly string[]
}

export function encodeMarker(marker: Marker): Uint8Array {
  return Buffer.from(encodeClaim(marker))
}

/** Throws like `decodeCheckpoint`. */
export function decodeMarker(bytes: Uint8Array, task = 'unknown'): Marker {
  const marker = claimOf(parseStored(bytes, task))
  if (!marker) throw corrupt(task, 'a marker lacks fields')
  return marker
}

export function encodeRelease(release: Release): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT, nonces: release.nonces }))
}

/** Throws like `decodeCheckpoint`. */
export function decodeRelease(bytes: Uint8Array, task = 'unknown'): Release {
  const { nonces } = parseStored(bytes, task)
  const isValid = Array.isArray(nonces) && nonces.every(nonce => typeof nonce === 'string')
  if (!isValid) throw corrupt(task, 'a release lacks its nonces')
  return { nonces }
}

export function encodeClaim({ incarnation, producer, nonce }: Claim): string {
  return JSON.stringify({ format: FORMAT, incarnation, producer, nonce })
}

/** `undefined` for unreadable text: then the last marker in the state topic names the owner. */
export function decodeClaim(text: string | undefined): Claim | undefined {
  if (text === undefined) return undefined
  try {
    const fields = fieldsOf(JSON.parse(text))
    return fields.format === FORMAT ? claimOf(fields) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function claimOf({ incarnation, producer, nonce }: Fields): Claim | undefined {
  if (typeof incarnation !== 'string' || typeof producer !== 'string') return undefined
  return typeof nonce === 'string' ? { incarnation, producer, nonce } : undefined
}
