/** Answers in the shapes of OpenAI's API: a completion, and the chunks of one. */
import type { StoredAnswer } from '#stores/answers.ts'
import type { Hit } from '#stores/semantic.ts'

/** An answer as a completion shows it. */
export interface ChatAnswer {
  readonly taskId: string
  readonly text: string
  /** What all calls of the question took; of a known answer, what it took when it was made. */
  readonly promptTokens: number
  readonly completionTokens: number
  /** The verdict, from 0 to 10. */
  readonly final: number
  readonly belowThreshold: boolean
  /** What clients of OpenAI's API pass over. */
  readonly more: object
}

/** `source` where the answer was known already. */
export function ofStored(stored: StoredAnswer, source?: 'cache' | 'database'): ChatAnswer {
  const { id, questionHash, answer, tokensPrompt, tokensCompletion, scores } = stored
  return {
    ...{ taskId: id, text: answer, promptTokens: tokensPrompt, completionTokens: tokensCompletion },
    ...{ final: stored.final, belowThreshold: stored.belowThreshold },
    more: { task_id: id, id: questionHash, ...(source && { source }), scores, ...judged(stored) },
  }
}

/** An answer to the question in other words. Its index does not know what the answer took. */
export function ofHit({ similarity, answer }: Hit): ChatAnswer {
  const { id, questionHash, question, answer: text } = answer
  return {
    ...{ taskId: id, text, promptTokens: 0, completionTokens: 0 },
    ...{ final: answer.final, belowThreshold: answer.belowThreshold },
    more: { task_id: id, id: questionHash, source: 'semantic', similarity, question, ...judged(answer) },
  }
}

interface Judged {
  readonly final: number
  readonly belowThreshold: boolean
  readonly model: string
  readonly promptVersion: string
  readonly costUsd?: number | undefined
}

const judged = ({ final, belowThreshold, model, promptVersion, costUsd }: Judged): object => ({
  ...{ final, below_threshold: belowThreshold, model },
  ...{ prompt_version: promptVersion, cost_usd: costUsd ?? null },
})

const usageOf = ({ promptTokens, completionTokens }: ChatAnswer): object => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
})

const idOf = (taskId: string): string => `chatcmpl-${taskId}`
const secondsOf = (now: number): number => Math.floor(now / 1_000)

export function completionOf(answer: ChatAnswer, model: string, now: number): object {
  const message = { role: 'assistant', content: answer.text, refusal: null }
  return {
    ...{ id: idOf(answer.taskId), object: 'chat.completion', created: secondsOf(now), model },
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(answer),
    caudal: answer.more,
  }
}

/** What the chunks of one completion have in common. */
export interface ChunkHead {
  readonly taskId: string
  readonly model: string
  readonly now: number
  /** Whether a last chunk has the usage. */
  readonly hasUsage: boolean
}

/** Comes at once, before there is an answer. */
export const firstChunk = (head: ChunkHead): object => chunkOf(head, { role: 'assistant', content: '' })

const PIECE = /[\s\S]{1,1000}/gu

/** Of a thousand characters at most. */
export const piecesOf = (text: string): readonly string[] => text.match(PIECE) ?? []

/** The rest: the text in pieces, its end, and the usage where the client asks for it. */
export function* chunksOf(head: ChunkHead, answer: ChatAnswer): Generator<object> {
  for (const content of piecesOf(answer.text)) yield chunkOf(head, { content })
  yield { ...chunkOf(head, {}, 'stop'), caudal: answer.more }
  if (head.hasUsage) yield { ...chunkOf(head, {}), choices: [], usage: usageOf(answer) }
}

function chunkOf({ taskId, model, now, hasUsage }: ChunkHead, delta: object, finish: 'stop' | null = null) {
  return {
    ...{ id: idOf(taskId), object: 'chat.completion.chunk', created: secondsOf(now), model },
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(hasUsage && { usage: null }),
  }
}
