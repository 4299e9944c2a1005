/** What an endpoint is sent: the request in its words, on the terms that the model was found to take. */
import type { Message, ModelRequest } from './model.ts'

/** How a reply is asked to be JSON: by its schema, as any object, or in words alone. */
export type Format = 'json_schema' | 'json_object' | 'words'

/** Whether a reply may come in pieces, and whether its usage may be asked for with them. */
export type Streaming = 'with usage' | 'plain' | 'none'

/** A request, and whether its reply may come in pieces. */
export type Asked = ModelRequest & { readonly isStreamed?: boolean }

/** What a model takes. OpenAI's own API takes the first of each; hardly any other takes all of them. */
export interface Terms {
  readonly format: Format
  readonly temperature: boolean
  /** Temperatures that are not sent, where others are. */
  readonly temperaturesRefused: readonly number[]
  readonly tokens: 'max_tokens' | 'max_completion_tokens' | 'none'
  /** Whether a message may be the system's; else its text goes in front of the first message. */
  readonly system: boolean
  readonly stream: Streaming
}

/** The terms of OpenAI's own API. The first call of a model is made on these. */
export const ALL_TERMS: Terms = {
  format: 'json_schema',
  temperature: true,
  temperaturesRefused: [],
  tokens: 'max_tokens',
  system: true,
  stream: 'with usage',
}

/** The JSON of one request. */
export type Body = ReturnType<typeof bodyOf>

/** The JSON of a request, with only what the terms of the model allow. */
export function bodyOf(request: Asked, model: string, terms: Terms) {
  const { schema, temperature, tokensMax, hints } = request
  const streams = request.isStreamed === true && terms.stream !== 'none'
  return {
    model,
    messages: messagesOf(request, terms),
    ...(temperature !== undefined && takes(terms, temperature) && { temperature }),
    ...(tokensMax !== undefined && terms.tokens !== 'none' && { [terms.tokens]: tokensMax }),
    ...(schema &&
      terms.format === 'json_schema' && {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: schema.name, strict: true, schema: { ...schema.schema } },
        },
      }),
    ...(schema && terms.format === 'json_object' && { response_format: { type: 'json_object' as const } }),
    ...(streams && { stream: true }),
    ...(streams && terms.stream === 'with usage' && { stream_options: { include_usage: true } }),
    ...(hints ? { caudal: hints } : {}),
  }
}

const takes = (terms: Terms, temperature: number): boolean =>
  terms.temperature && !terms.temperaturesRefused.includes(temperature)

function messagesOf({ messages, schema }: ModelRequest, terms: Terms): Message[] {
  const asked = messages.map(({ role, content }) => ({ role, content }))
  const said = schema && terms.format !== 'json_schema' ? withSchema(asked, schema.schema) : asked
  return terms.system ? said : withoutSystem(said)
}

/** Names the keys in words, and says "JSON", without which OpenAI refuses `json_object`. */
function withSchema(messages: readonly Message[], schema: object): Message[] {
  const words = `Answer with one JSON object and nothing else. It must fit this JSON schema: ${JSON.stringify(schema)}`
  const last = messages.findLastIndex(({ role }) => role === 'user')
  return messages.map((message, index) =>
    index === last ? { ...message, content: `${message.content}\n\n${words}` } : message,
  )
}

function withoutSystem(messages: readonly Message[]): Message[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
  const others = messages.filter(({ role }) => role !== 'system')
  const [first, ...rest] = others
  if (system.length === 0 || !first) return [...messages]
  return [{ ...first, content: [...system, first.content].join('\n\n') }, ...rest]
}
