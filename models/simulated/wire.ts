/** The HTTP side of the simulated model: bodies in, JSON, events and errors out, in OpenAI's shapes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { reasonOf } from '#core/errors.ts'
import type { JsonSchema, Message } from '../model.ts'
import type { Asked } from './asked.ts'

const BODY_BYTES_MAX = 4 * 1024 * 1024

/** The body of a chat completion. */
export interface ChatBody {
  readonly model: string
  readonly stream: boolean
  /** Whether the last chunk of a stream has the usage. */
  readonly includesUsage: boolean
  readonly messages: readonly Message[]
  readonly schema: Asked['schema']
  readonly hints: Asked['hints']
}

/** Why a request is refused. */
export type Fault = { readonly status: number; readonly message: string; readonly code: string }

/** The body as JSON; a fault when it is too large, broken off or not JSON. */
export async function readBody(request: IncomingMessage): Promise<{ body: Loose } | { fault: Fault }> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += chunk.length
      if (size > BODY_BYTES_MAX) return { fault: fault(413, `the body is over ${BODY_BYTES_MAX} bytes`) }
      chunks.push(chunk)
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (isLoose(body)) return { body }
    return { fault: fault(400, 'the body must be a JSON object') }
  } catch (error) {
    return { fault: fault(400, `the body is not JSON: ${reasonOf(error)}`) }
  }
}

/** An object from outside: every field is unknown until looked at. */
export type Loose = { readonly [field: string]: unknown }

/** The body of a request for a completion, or its fault. */
export function chatBody(body: Loose): ChatBody | Fault {
  const { model, messages, stream, stream_options: options } = body
  if (typeof model !== 'string') return fault(400, 'model must be a string')
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage))
    return fault(400, 'messages must be a list of { role, content }')
  const includesUsage = isLoose(options) && options.include_usage === true
  const asked = { messages, schema: schemaOf(body), hints: hintsOf(body) }
  return { model, stream: stream === true, includesUsage, ...asked }
}

/** A fault with OpenAI's code for a bad request, where no other code is given. */
export function fault(status: number, message: string, code = 'invalid_request_error'): Fault {
  return { status, message, code }
}

/** Answers with JSON; a string is sent unchanged, even if it is none. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

/** Answers with an error in OpenAI's form. */
export function sendFault(
  response: ServerResponse,
  { status, message, code }: Fault,
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, { error: { message, type: code, code, param: null } }, headers)
}

/** A completion before it becomes JSON or events. `created` is in seconds since the epoch. */
export interface Completion {
  readonly id: string
  readonly model: string
  readonly created: number
  readonly text: string
  readonly promptTokens: number
}

/** A whole completion in OpenAI's form. */
export function completionJson({ id, model, created, text, promptTokens }: Completion): object {
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text, refusal: null } },
    ],
    usage: usage(promptTokens, text),
  }
}

/** About four characters to a token. */
export const tokensOf = (text: string) => Math.ceil(text.length / 4)

/** The tokens of a completion in OpenAI's form, estimated by length. */
export function usage(promptTokens: number, text: string) {
  const completionTokens = tokensOf(text)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

function isMessage(value: unknown): value is Message {
  return isLoose(value) && typeof value.role === 'string' && typeof value.content === 'string'
}

function schemaOf(body: Loose): Asked['schema'] {
  const format = isLoose(body.response_format) ? body.response_format.json_schema : undefined
  if (!isLoose(format) || typeof format.name !== 'string') return undefined
  const schema: JsonSchema = isLoose(format.schema) ? format.schema : {}
  return { name: format.name, schema }
}

function hintsOf(body: Loose): Asked['hints'] {
  const hints = isLoose(body.caudal) ? body.caudal : {}
  return {
    reference: typeof hints.reference === 'string' ? hints.reference : undefined,
    attempt: typeof hints.attempt === 'number' ? hints.attempt : undefined,
  }
}

function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null
}
