/**
 * Identities: pure functions of the input, so that a rerun after a crash names everything as before. They must never change
 * between versions. The golden values in the test pin them.
 */

import { isUtf8 } from 'node:buffer'
import { type BinaryToTextEncoding, hash } from 'node:crypto'
import { asText } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { HEADER, type Headers } from '#core/record.ts'

/** Something with an identity, which is computed when it is read. */
export interface Identified {
  readonly id: string
}

/** Ids are written into keys, headers and dead letters. A longer id is replaced by its digest. */
const GIVEN_BYTES_MAX = 256
const DIGITS = 22
const ENCODING: BinaryToTextEncoding = 'base64url'

/**
 * Header `caudal-id`, else `topic/partition/offset`. A header that is empty or not UTF-8 counts as absent. A header longer than
 * `GIVEN_BYTES_MAX` is replaced by its digest, which is as unique.
 */
export function recordId(topic: string, partition: number, offset: number, headers: Headers): string {
  const given = headers[HEADER.id]
  if (given !== undefined && given.length > 0 && isUtf8(given)) {
    return given.length > GIVEN_BYTES_MAX ? shortId(asText(given)) : asText(given)
  }
  return placeId(topic, partition, offset)
}

/** The identity of a record without a header. */
export function placeId(topic: string, partition: number, offset: number): string {
  return `${topic}/${partition}/${offset}`
}

/** An identity, of any length, as a name that fits anywhere. */
export function shortId(id: string): string {
  return digest(`i${id}`)
}

/** Identity of the `index`-th record that `operator` emitted for a record. */
export function outputId(recordId: string, operator: string, output: string, index: number): string {
  return digest(`o${part(recordId)}${part(operator)}${part(output)}${index}`)
}

/** Identity of an outside call: the request id that a provider sees again when the call is repeated after a crash. */
export function callId(recordId: string, operator: string, step: string, stepPart = ''): string {
  checkPart(operator, stepPart)
  return digest(`c${part(recordId)}${part(operator)}${part(step)}${part(stepPart)}`)
}

/** Identity of one firing of a timer: what its outputs' ids derive from, as a record's do. */
export function timerId(
  task: string,
  operator: string,
  key: string | null,
  name: string,
  due: number,
): string {
  return digest(`t${part(task)}${part(operator)}${key === null ? '-' : part(key)}${part(name)}${due}`)
}

/** Digests are made of UTF-8. Two different parts with lone surrogates would become the same bytes. */
function checkPart(operator: string, stepPart: unknown): void {
  if (typeof stepPart === 'string' && stepPart.isWellFormed()) return
  const found = typeof stepPart === 'string' ? 'has a lone surrogate' : `is ${typeof stepPart}, not text`
  throw new CaudalError('KEY_INVALID', { node: operator, reason: `the part of a step ${found}` })
}

/** A length in front of each part makes the joined text unambiguous whatever the parts contain. */
function part(text: string): string {
  return `${text.length}:${text}`
}

/**
 * The first 132 bits of SHA-256 as 22 characters of base64url. Measured: 2.2 million a second with Node's one-shot hash, and
 * 3.0 million with a 128-bit MurmurHash in JavaScript. But the writer of record ids could make a MurmurHash collide.
 */
function digest(text: string): string {
  return hash('sha256', text, ENCODING).slice(0, DIGITS)
}
