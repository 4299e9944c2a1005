/** The tokens of a reply, under the names that providers have for them. */
import { isFields, isObject, type Loose } from './loose-values.ts'
import type { ModelRequest, Usage } from './model.ts'
import { choicesIn } from './openai-meanings.ts'

/** OpenAI's names, those of Anthropic and of OpenAI's newer API, and those of Bedrock. */
const PROMPT = ['prompt_tokens', 'input_tokens', 'inputTokens'] as const
const COMPLETION = ['completion_tokens', 'output_tokens', 'outputTokens'] as const
const TOTAL = ['total_tokens', 'totalTokens'] as const
/** Anthropic and Bedrock count what their caches have beside the input, and not in it. */
const CACHED = [
  ['cache_read_input_tokens', 'cacheReadInputTokens', 'cacheReadInputTokenCount'],
  ['cache_creation_input_tokens', 'cacheWriteInputTokens', 'cacheWriteInputTokenCount'],
] as const
/** More than any model can be sent or say: a count above it is nonsense, and would not fit into a record for long. */
const TOKENS_MAX = 1e9

/** Every count in a reply or a piece of one. Moonshot counts in the choice, Groq in a field of its own. */
export function usagesIn(reply: Loose): readonly Loose[] {
  const { usage, x_groq: groq } = reply
  const ofChoices = choicesIn(reply).map(choice => choice.usage)
  return [...ofChoices, isObject(groq) ? groq.usage : undefined, usage].filter(isFields)
}

/** Of several counts the last that has counted both sides. Zeros mean that nobody counted. */
export function countedIn(usages: readonly Loose[]): Loose | undefined {
  const sides = (usage: Loose) => [count(usage, PROMPT), count(usage, COMPLETION)]
  return (
    usages.findLast(usage => sides(usage).every(Boolean)) ??
    usages.findLast(usage => sides(usage).some(Boolean)) ??
    usages.at(-1)
  )
}

/**
 * As counted by the provider; where it counts nothing, four characters are taken for a token. No prompt is empty, and no
 * text costs nothing: zeros there mean that nobody counted.
 */
export function usageOf(counted: unknown, request: ModelRequest, said: string): Usage {
  const usage: Loose = isObject(counted) ? counted : {}
  const characters = () => request.messages.reduce((sum, message) => sum + message.content.length, 0)
  const prompt = promptTokens(usage) || undefined
  const counts = completionTokens(usage, prompt)
  const completion = counts === 0 && said !== '' ? undefined : counts
  return {
    promptTokens: prompt ?? Math.ceil(characters() / 4),
    completionTokens: completion ?? Math.ceil(said.length / 4),
    ...((prompt === undefined || completion === undefined) && { isEstimate: true }),
  }
}

/** Where `prompt_tokens` are counted too, what a cache has is in them already; so it is where the total says so. */
function promptTokens(usage: Loose): number | undefined {
  const prompt = count(usage, PROMPT)
  if (prompt === undefined || numberIn(usage.prompt_tokens) !== undefined) return prompt
  const cached = CACHED.reduce((sum, names) => sum + (count(usage, names) ?? 0), 0)
  const total = count(usage, TOTAL)
  return total !== undefined && total < prompt + cached ? prompt : prompt + cached
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
