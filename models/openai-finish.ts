/** Whether a reply came to its own end, by the words that providers have for it. */
import type { Loose } from './loose-values.ts'
import type { ModelReply } from './model.ts'
import { saidIn } from './openai-said.ts'

/** Where and how a reply ended. */
export interface Ending {
  readonly finish: ModelReply['finish']
  /** In the provider's words; nothing where it gives no reason. */
  readonly reason: unknown
  /** A limit of tokens ended it. */
  readonly isCut: boolean
}

/** Names under which providers say why a reply ended; the first that says something counts. */
export const REASONS = [
  'finish_reason',
  'stop_reason',
  'finishReason',
  'stopReason',
  'native_finish_reason',
  'done_reason',
  'incomplete_details',
] as const

/** The words of other providers for a reply that came to its own end. */
const WHOLE: ReadonlySet<string> = new Set([
  'stop',
  'stop_sequence',
  'stop_token',
  'stop_criteria_met',
  'end_turn',
  'end',
  'normal',
  'success',
  'stopped',
  'eos_found',
  'eos_token_id',
  'eos',
  'eos_token',
  'end_of_text',
  'endoftext',
  'complete',
  'completed',
  'finish',
  'finished',
  'done',
])
const CUT: ReadonlySet<string> = new Set([
  'length',
  'max_tokens',
  'max_output_tokens',
  'max_completion_tokens',
  'max_new_tokens',
  'max_length',
  'model_length',
  'token_limit',
])
const WITHHELD: ReadonlySet<string> = new Set([
  'content_filter',
  'content_filtered',
  'refusal',
  'safety',
  'recitation',
  'blocklist',
  'prohibited_content',
  'spii',
  'sensitive',
  'guardrail_intervened',
])
/** Words of a reply that others may call whole in the same breath. */
const UNFINISHED: ReadonlySet<string> = new Set([
  'incomplete',
  'in_progress',
  'not_finished',
  'partial',
  'truncated',
  'interrupted',
  'cancelled',
  'canceled',
  'aborted',
  'failed',
  'error',
  'model_context_window_exceeded',
])
const CALLS_TOOL: ReadonlySet<string> = new Set(['tool_calls', 'tool_call', 'tool_use', 'function_call'])
/** Of a field `status`, which may be that of the reply or that of HTTP. */
const SUCCESS = /^(?:success\w*|succeeded|ok|200.*|0|)$/
/** Gemini's enumeration, of gateways that hand on its numbers. */
const NUMBERED: Readonly<Record<string, string>> = {
  1: 'stop',
  2: 'max_tokens',
  3: 'safety',
  4: 'recitation',
}

/**
 * The ending of a reply, which is said in any of its places: its choice first.
 * A reply without any reason is believed to be whole; a reason that nobody knows is not.
 * - an error beside a reply ended it, whatever else is said
 * - a word that the reply is cut, withheld or unfinished goes before one that it is whole
 */
export function endingOf(choice: Loose, others: readonly Loose[], error: unknown): Ending {
  const places = [choice, ...others]
  const reasons = REASONS.flatMap(name => places.map(place => reasonIn(place, name))).filter(isSaid)
  const statuses = places.map(({ status }) => status).filter(status => typeof status === 'string')
  const bad = [...reasons, ...statuses].find(isNoEnd)
  const odd = statuses.find(status => !WHOLE.has(wordOf(status)) && !SUCCESS.test(wordOf(status)))
  const reason = bad ?? reasons[0] ?? (choice.finish_reason === undefined ? odd : choice.finish_reason)
  const word = wordOf(reason)
  if (WITHHELD.has(word)) return { finish: 'refused', reason, isCut: false }
  if (error !== undefined) return { finish: 'length', reason: `error: ${saidIn(error)}`, isCut: false }
  const isEnd = reason === undefined || WHOLE.has(word)
  return { finish: isEnd ? 'stop' : 'length', reason, isCut: CUT.has(word) }
}

/** Whether a reason is a word for a reply that came to its own end. */
export const isWhole = (reason: unknown): boolean => typeof reason === 'string' && WHOLE.has(wordOf(reason))

/** Whether a reply ended in order to call a tool. */
export const callsTool = ({ reason }: Ending): boolean => CALLS_TOOL.has(wordOf(reason))

/** A stop reason of vLLM may be the number of a token. */
function reasonIn(place: Loose, name: string): unknown {
  const reason = place[name]
  return name === 'finish_reason' ? (NUMBERED[String(reason)] ?? reason) : reason
}

const isSaid = (reason: unknown): boolean => reason !== undefined && reason !== null && reason !== ''

function isNoEnd(reason: unknown): boolean {
  const word = wordOf(reason)
  return CUT.has(word) || WITHHELD.has(word) || UNFINISHED.has(word)
}

/** `FinishReason.STOP`, `FINISH_REASON_STOP`, `StopSequence` and `stop-sequence` are one word in several spellings. */
function wordOf(reason: unknown): string {
  if (typeof reason === 'object' && reason !== null && !Array.isArray(reason)) return wordOf(namedIn(reason))
  const folded = String(reason)
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[-\s]+/g, '_')
    .replace(/^finish_?reason[._]/, '')
  // Gemini says why behind a colon: `content_filter: RECITATION`.
  return folded.split(':')[0] ?? ''
}

function namedIn({ type, reason }: { readonly type?: unknown; readonly reason?: unknown }): unknown {
  const named = type ?? reason
  return typeof named === 'string' ? named : ''
}
