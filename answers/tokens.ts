/** Pieces of answers while they are written: who asks for them, how they lie in their topic, and where they are put. */
import { asText } from '#core/codec.ts'
import type { TextStream } from '#models/model.ts'

/** Header of an event whose answer is to be streamed while it is written, and its value. */
export const STREAM_HEADER = 'answer-stream'
/** The value of the header `STREAM_HEADER`. */
export const STREAMED = 'tokens'

/** How long the topic keeps them: who comes later reads the answer. */
export const TOKENS_KEPT_MS = 300_000

/** Which answer the pieces belong to. */
export interface TokenFacts {
  /** Identity of the question. */
  readonly id: string
  readonly organization: string | undefined
  /** Identity of the call, the same after a crash. */
  readonly requestId: string
  /** Which time the question is tried, from 1 on. */
  readonly attempt: number
  /** When the call began, milliseconds since the epoch: tells a call from the same one after a crash. */
  readonly beganAt: number
}

/** One piece of an answer that nobody has judged. `number` counts from 0; at 0 the text begins, also when it begins again. */
export interface TokenChunk extends TokenFacts {
  readonly number: number
  readonly text: string
  /** The answer is whole with this piece. */
  readonly isLast: boolean
}

/** Where pieces are put. None of it is needed for the answer: it neither fails nor waits. */
export interface TokenSink {
  open(facts: TokenFacts): TokenWriter
}

/** One answer while it is written. */
export interface TokenWriter extends TextStream {
  /** The answer is whole: what has not been streamed yet follows. */
  whole(text: string): void
  /** No more comes. What was not streamed is left out unless the answer is whole. */
  close(): void
}

/** A piece as JSON, for the topic `llm.tokens`. `judged` is always false. */
export function encodeChunk({
  id,
  organization,
  requestId,
  attempt,
  beganAt,
  number,
  text,
  isLast,
}: TokenChunk): Buffer {
  const facts = { id, organization_id: organization, request_id: requestId, attempt, began_at: beganAt }
  return Buffer.from(JSON.stringify({ ...facts, number, text, ...(isLast && { last: true }), judged: false }))
}

/** Undefined for bytes that are no chunk: a topic that people write to must not break a view. */
export function decodeChunk(bytes: Uint8Array): TokenChunk | undefined {
  try {
    const found: unknown = JSON.parse(asText(bytes))
    return typeof found === 'object' && found !== null ? chunkOf(found) : undefined
  } catch {
    return undefined
  }
}

interface Stored {
  readonly id?: unknown
  readonly organization_id?: unknown
  readonly request_id?: unknown
  readonly attempt?: unknown
  readonly began_at?: unknown
  readonly number?: unknown
  readonly text?: unknown
  readonly last?: unknown
}

function chunkOf(stored: Stored): TokenChunk | undefined {
  const { id, organization_id: organization, request_id: requestId } = stored
  const { attempt, began_at: beganAt, number, text, last } = stored
  if (typeof id !== 'string' || typeof requestId !== 'string' || typeof text !== 'string') return undefined
  if (typeof attempt !== 'number' || typeof beganAt !== 'number' || typeof number !== 'number')
    return undefined
  const owner = typeof organization === 'string' ? organization : undefined
  return { id, organization: owner, requestId, attempt, beganAt, number, text, isLast: last === true }
}
