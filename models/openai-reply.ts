/** What an endpoint really sends back, read as a reply of the port: every field is checked before it is used. */
import { briefly, ModelError, type ModelReply, type ModelRequest } from './model.ts'
import { type Ending, endingOf } from './openai-finish.ts'
import { errorBeside } from './openai-meanings.ts'
import { usageOf } from './openai-usage.ts'
import { outOfThought } from './thinking.ts'

/** The SDK types a reply as complete, but checks nothing. */
interface Received {
  readonly model?: unknown
  readonly choices?: readonly Choice[]
  readonly usage?: unknown
}

interface Choice {
  readonly finish_reason?: unknown
  readonly message?: Message
  /** In the place of the message, of gateways that hand on one piece of a stream or the older completions. */
  readonly delta?: Message
  readonly text?: unknown
}

interface Message {
  readonly content?: unknown
  readonly refusal?: unknown
  readonly tool_calls?: unknown
  readonly function_call?: unknown
  readonly reasoning_content?: unknown
  readonly reasoning?: unknown
}

const EXCERPT_CHARACTERS_MAX = 200
const NAME_CHARACTERS_MAX = 200
const REASON_CHARACTERS_MAX = 100

/** Rejects with `invalid` what is no completion at all. What is one and still of no use comes back with its `fault`: it was paid for. */
export function replyOf(
  completion: unknown,
  request: ModelRequest,
  model: string,
  latencyMs: number,
): ModelReply {
  const received = (completion ?? {}) as Received // Every field is checked before it is used.
  const choice = choiceOf(received.choices)
  const isCounted = typeof received.usage === 'object' && received.usage !== null
  if (!choice?.message && !isCounted) {
    const excerpt = briefly(JSON.stringify(completion) ?? String(completion), EXCERPT_CHARACTERS_MAX)
    throw new ModelError('invalid', { model, reason: `the reply has no choices: ${excerpt}` })
  }
  const message = choice?.message ?? {}
  const said = textOf(message.content)
  const ending = endingOf({ ...choice }, [{ ...message }, { ...received }], errorBeside(completion))
  const finish = message.refusal ? 'refused' : ending.finish
  const answer = outOfThought(said).toWellFormed()
  const text = answer.trim() === '' && finish === 'stop' ? verdictInThought(message, request) : answer
  const fault = faultOf({ choice, message, said, text, finish, ending, request })
  return {
    text,
    usage: usageOf(received.usage, request, said),
    model: modelOf(received, model),
    latencyMs,
    finish,
    ...(fault !== undefined && { fault }),
  }
}

function modelOf({ model: named }: Received, asked: string): string {
  const name = typeof named === 'string' && named !== '' ? named.toWellFormed() : asked
  return briefly(name, NAME_CHARACTERS_MAX)
}

/** Some servers put all of a reply into its reasoning. JSON that was asked for is known for what it is; other text is not. */
function verdictInThought(
  { reasoning_content, reasoning }: Message,
  { schema, isReadable }: ModelRequest,
): string {
  const thoughts = schema && isReadable ? [reasoning_content, reasoning] : []
  const found = thoughts.find(text => typeof text === 'string' && isReadable?.(text))
  return typeof found === 'string' ? found.toWellFormed() : ''
}

/** One was asked for. Where several come, the first that says something. */
function choiceOf(choices: unknown): Choice | undefined {
  const all = (Array.isArray(choices) ? choices : []) as readonly (Choice | null)[] // Its fields are checked where they are used.
  const found = all.map(choice => choice && withMessage(choice))
  return found.find(choice => textOf(choice?.message?.content).trim() !== '') ?? found[0] ?? undefined
}

/** One piece of a stream that does not say that it is the last one is not the whole. */
function withMessage(choice: Choice): Choice {
  const { message, delta, text } = choice
  if (message || (!delta && typeof text !== 'string')) return choice
  return delta
    ? { ...choice, message: delta, finish_reason: choice.finish_reason ?? null }
    : { ...choice, message: { content: text } }
}

/** Text as a string, or as a part or a list of parts of which some are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map(partText).join('') : partText(content)
}

const TEXT_PARTS: ReadonlySet<unknown> = new Set(['text', 'output_text', undefined])

function partText(part: unknown): string {
  if (typeof part === 'string') return part
  if (typeof part !== 'object' || part === null || !('text' in part)) return ''
  const type = 'type' in part ? part.type : undefined
  return TEXT_PARTS.has(type) ? innerText(part.text) : ''
}

/** A text may be an object with its `value`. */
function innerText(text: unknown): string {
  if (typeof text === 'object' && text !== null && 'value' in text) return innerText(text.value)
  return typeof text === 'string' ? text : ''
}

interface Read {
  readonly choice: Choice | undefined
  readonly message: Message
  readonly said: string
  readonly text: string
  readonly finish: ModelReply['finish']
  readonly ending: Ending
  readonly request: ModelRequest
}

/** Why nothing can be made of the reply, with the number that a person may change. */
function faultOf({ choice, message, said, text, finish, ending, request }: Read): string | undefined {
  const limit =
    request.tokensMax === undefined ? 'its token limit' : `its limit of ${request.tokensMax} tokens`
  if (!choice?.message) return 'the reply has no choices, though its tokens are counted'
  if (finish === 'refused') return 'the provider withheld the reply'
  const callsTool = isFilled(message.tool_calls) || isFilled(message.function_call)
  if (callsTool && text.trim() === '') return 'the reply calls a tool instead of answering'
  if (finish === 'length') {
    const { reason, isCut } = ending
    if (isCut) return `the reply was cut at ${limit}: raise it`
    const said = typeof reason === 'object' && reason ? JSON.stringify(reason) : String(reason)
    return `the reply stopped before its end: finish_reason is ${briefly(said, REASON_CHARACTERS_MAX) || 'an empty text'}`
  }
  if (text.trim() !== '') return undefined
  const thoughts = [message.reasoning_content, message.reasoning, said].find(isFilled)
  if (thoughts === undefined) return 'the reply is empty'
  return `the reply is empty but for its reasoning (${String(thoughts).length} characters): raise ${limit}`
}

function isFilled(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== ''
  return Array.isArray(value) ? value.length > 0 : typeof value === 'object' && value !== null
}
