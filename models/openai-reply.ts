/** What an endpoint really sends back, read as a reply of the port: every field is checked before it is used. */
import { isObject, type Loose } from './loose-values.ts'
import { briefly, ModelError, type ModelReply, type ModelRequest } from './model.ts'
import { callsTool, type Ending, endingOf } from './openai-finish.ts'
import { choicesIn, errorBeside } from './openai-meanings.ts'
import { contentOf, jsonBeside, jsonInThought, type Message, textOf } from './openai-message.ts'
import { countedIn, usageOf, usagesIn } from './openai-usage.ts'
import { outOfThought } from './thinking.ts'

/** The SDK types a reply as complete, but checks nothing. */
interface Choice {
  readonly finish_reason?: unknown
  readonly message?: Message | undefined
  /** In the place of the message, of gateways that hand on one piece of a stream or the older completions. */
  readonly delta?: unknown
  readonly text?: unknown
  /** Azure's categories, each with whether it was filtered. */
  readonly content_filter_results?: unknown
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
  const received: Loose = isObject(completion) ? completion : {}
  const choice = choiceOf(received)
  const message = choice?.message ?? {}
  const said = contentOf(message, request)
  const ending = endingOf({ ...choice }, [{ ...message }, received], errorBeside(received))
  const isWithheld = choice !== undefined && ending.finish === 'refused'
  if (!choice?.message && !isObject(received.usage) && !isWithheld) {
    const excerpt = briefly(JSON.stringify(completion) ?? String(completion), EXCERPT_CHARACTERS_MAX)
    throw new ModelError('invalid', { model, reason: `the reply has no choices: ${excerpt}` })
  }
  const { text, isCall } = answerOf(said, message, ending, request)
  const finish = isRefusal(message) ? 'refused' : isCall ? 'stop' : ending.finish
  const fault = faultOf({ choice, message, said, text, finish, ending, request })
  return {
    text,
    usage: usageOf(
      countedIn(usagesIn(received)),
      request,
      `${thoughtsIn(message)}${said === '' ? text : said}`,
    ),
    model: modelOf(received, model),
    latencyMs,
    finish,
    ...(fault !== undefined && { fault }),
  }
}

/** The text without its reasoning or, where that is none, the JSON that was asked for from where else it stands. */
function answerOf(
  said: string,
  message: Message,
  ending: Ending,
  request: ModelRequest,
): { readonly text: string; readonly isCall: boolean } {
  const text = outOfThought(said).toWellFormed()
  const isCall = callsTool(ending)
  if (text.trim() !== '' && !isCall) return { text, isCall: false }
  const beside = isCall || ending.finish === 'stop' ? jsonBeside(message, request) : undefined
  if (beside !== undefined) return { text: beside, isCall }
  const thought = ending.finish === 'stop' ? jsonInThought(message, request) : undefined
  return { text: thought ?? text, isCall: false }
}

function modelOf({ model: named }: Loose, asked: string): string {
  const name = typeof named === 'string' && named !== '' ? named.toWellFormed() : asked
  return briefly(name, NAME_CHARACTERS_MAX)
}

/** One was asked for. Where several come, the first that says something. */
function choiceOf(received: Loose): Choice | undefined {
  const found = choicesIn(received).map(withMessage)
  return found.find(choice => textOf(choice.message?.content).trim() !== '') ?? found[0]
}

/** One piece of a stream that does not say that it is the last one is not the whole. */
function withMessage(choice: Loose): Choice {
  const { message, delta, text } = choice
  if (typeof message === 'string') return { ...choice, message: { content: message } }
  if (isObject(message)) return { ...choice, message }
  if (isObject(delta)) return { ...choice, message: delta, finish_reason: choice.finish_reason ?? null }
  return { ...choice, message: typeof text === 'string' ? { content: text } : undefined }
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
  if (finish === 'refused') return withheld(choice, message)
  if (!choice?.message) return 'the reply has no choices, though its tokens are counted'
  const isCall = isFilled(message.tool_calls) || isFilled(message.function_call)
  const callsInstead = text.trim() === '' || (!request.schema && namesTool(message))
  if (isCall && callsInstead) return 'the reply calls a tool instead of answering'
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

/** With the model's sentence and the categories of the filter, where there are any. */
function withheld(choice: Choice | undefined, { refusal }: Message): string {
  const results = Object.entries(
    isObject(choice?.content_filter_results) ? choice.content_filter_results : {},
  )
  const categories = results
    .filter(([, each]) => isObject(each) && each.filtered === true)
    .map(([name]) => name)
  const said = [...(typeof refusal === 'string' ? [refusal] : []), ...categories].join(', ')
  const reason = said.trim() === '' ? '' : `: ${briefly(said.toWellFormed(), EXCERPT_CHARACTERS_MAX)}`
  return `the provider withheld the reply${reason}`
}

const isRefusal = ({ refusal }: Message): boolean => typeof refusal === 'string' && refusal.trim() !== ''

/** Reasoning beside the text, which is paid for as well. */
const thoughtsIn = ({ reasoning_content, reasoning }: Message): string =>
  [reasoning_content, reasoning].find(each => typeof each === 'string' && each !== '')?.toString() ?? ''

/** Some servers send an empty call with every answer. */
function namesTool({ tool_calls, function_call }: Message): boolean {
  const calls = [tool_calls, function_call].flat().filter(isObject)
  return calls.some(call => call.name || (isObject(call.function) && call.function.name))
}

function isFilled(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== ''
  return Array.isArray(value) ? value.length > 0 : typeof value === 'object' && value !== null
}
