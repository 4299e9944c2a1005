/** A reply that came as a stream of events though it was asked for whole: it is paid for, so it is put together. */

/** No provider's word for an end: the stream broke off, and what came is not the whole reply. */
const BROKEN_OFF = 'none, as the stream broke off'
const DONE = '[DONE]'

type Loose = Readonly<Record<string, unknown>>

/**
 * The text of a body of server-sent events (WHATWG HTML, 9.2) as one completion, or its error as it came. Comments keep
 * a connection open. Some gateways send them in front of JSON, which is given back without them.
 * Nothing where the text is neither.
 */
export function wholeOf(text: string): string | undefined {
  const lines = text.split(/\r\n|\n|\r/)
  const said = lines.filter(line => !line.startsWith(':'))
  if (said.length < lines.length && isJson(said.join('\n'))) return said.join('\n')
  const data = said.flatMap(line => /^data: ?(.*)$/.exec(line)?.[1] ?? [])
  const events = data.filter(each => each !== DONE && each !== '').map(objectIn)
  if (events.length === 0 || events.some(event => event === undefined)) return undefined
  const chunks = events.filter(event => event !== undefined)
  const failed = chunks.find(chunk => isObject(chunk.error))
  return JSON.stringify(failed ?? joined(chunks, data.includes(DONE)))
}

/** The first choice of all chunks, each field of its message appended to what came of it before. */
function joined(chunks: readonly Loose[], isDone: boolean): object {
  const message: Record<string, unknown> = {}
  let finish: unknown
  for (const choice of chunks.flatMap(firstChoice)) {
    finish = choice.finish_reason ?? finish
    const piece = [choice.delta, choice.message].find(isObject) ?? {}
    for (const [name, value] of Object.entries(piece)) message[name] = appended(message[name], value)
  }
  const ended = finish ?? (isDone ? undefined : BROKEN_OFF)
  const choice = { message, ...(ended !== undefined && { finish_reason: ended }) }
  const { usage } = chunks.findLast(chunk => isObject(chunk.usage)) ?? {}
  return { model: chunks[0]?.model, choices: [choice], ...(usage !== undefined && { usage }) }
}

function firstChoice({ choices }: Loose): readonly Loose[] {
  if (!Array.isArray(choices)) return []
  return choices.filter(choice => isObject(choice) && (choice.index ?? 0) === 0)
}

function appended(before: unknown, value: unknown): unknown {
  if (before === undefined || before === null) return value
  if (value === undefined || value === null) return before
  if (typeof before === 'string' && typeof value === 'string') return before + value
  return [before, value].flat()
}

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null

function objectIn(text: string): Loose | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isJson = (text: string): boolean => objectIn(text) !== undefined
