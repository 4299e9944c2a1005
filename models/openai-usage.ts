/** The tokens of a reply, under the names that providers have for them. */
import { isObject, type Loose } from './loose-values.ts'
import type { ModelRequest, Usage } from './model.ts'

/** OpenAI's names, those of Anthropic and of OpenAI's newer API, and those of Bedrock. */
const PROMPT = ['prompt_tokens', 'input_tokens', 'inputTokens'] as const
const COMPLETION = ['completion_tokens', 'output_tokens', 'outputTokens'] as const
const TOTAL = ['total_tokens', 'totalTokens'] as const
/** More than any model can be sent or say: a count above it is nonsense, and would not fit into a record for long. */
const TOKENS_MAX = 1e9

/** As counted by the provider; where it counts nothing, four characters are taken for a token. */
export function usageOf(counted: unknown, request: ModelRequest, said: string): Usage {
  const usage: Loose = isObject(counted) ? counted : {}
  const characters = () => request.messages.reduce((sum, message) => sum + message.content.length, 0)
  const prompt = count(usage, PROMPT)
  const completion = completionTokens(usage, prompt)
  return {
    promptTokens: prompt ?? Math.ceil(characters() / 4),
    completionTokens: completion ?? Math.ceil(said.length / 4),
    ...((prompt === undefined || completion === undefined) && { isEstimate: true }),
  }
}

/** Gemini and xAI count reasoning, which is paid for as well, in the total alone. */
function completionTokens(usage: Loose, prompt: number | undefined): number | undefined {
  const said = count(usage, COMPLETION)
  const total = count(usage, TOTAL)
  if (total === undefined || prompt === undefined || total < prompt) return said
  return Math.max(said ?? 0, total - prompt)
}

/** Where a gateway counts under two names, one of them may be zero. */
function count(usage: Loose, names: readonly string[]): number | undefined {
  const counts = names.map(name => numberIn(usage[name])).filter(each => each !== undefined)
  return counts.length === 0 ? undefined : Math.max(...counts)
}

function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number <= TOKENS_MAX ? Math.round(number) : undefined
}
