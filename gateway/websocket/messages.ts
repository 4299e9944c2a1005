/** What a client may say on a channel, and which stream it asks for. */
import { reasonOf } from '#core/errors.ts'
import { allEvents } from '../handlers/all-events.ts'
import { taskEvents } from '../handlers/events.ts'
import type { Operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { checkerOf, type Schema } from '../schema.ts'

export interface Subscribe {
  readonly type: 'subscribe'
  /** The client's own name for the subscription. */
  readonly id: string
  readonly stream: keyof typeof STREAMS
  /** As of the route. */
  readonly input?: object
}

export type Message =
  | Subscribe
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'ping' }

/** The streams, by the names of their operations. */
const STREAMS = { events: allEvents, task_events: taskEvents } as const

const ID = { type: 'string', minLength: 1, maxLength: 64 } as const
const schemaOf = (type: string, properties: Readonly<Record<string, Schema>>, required: readonly string[]) =>
  checkerOf({
    type: 'object',
    properties: { type: { type: 'string', enum: [type] }, ...properties },
    required: ['type', ...required],
    additionalProperties: false,
  })

const CHECKS = {
  subscribe: schemaOf(
    'subscribe',
    {
      id: ID,
      stream: { type: 'string', enum: Object.keys(STREAMS) },
      input: { type: 'object', properties: {}, additionalProperties: true },
    },
    ['id', 'stream'],
  ),
  unsubscribe: schemaOf('unsubscribe', { id: ID }, ['id']),
  ping: schemaOf('ping', {}, []),
} as const

const typeNamed = checkerOf({
  type: 'object',
  properties: { type: { type: 'string', enum: Object.keys(CHECKS) } },
  required: ['type'],
  additionalProperties: true,
})

/** The message that a text is, or every fault of it. */
export function messageIn(text: string): Message | Problem {
  let found: Message
  try {
    found = JSON.parse(text)
  } catch (error) {
    return new Problem('not_json', { detail: reasonOf(error) })
  }
  const untyped = typeNamed(found)
  if (untyped.length > 0) return invalid(untyped)
  const faults = CHECKS[found.type](found)
  if (faults.length > 0) return invalid(faults)
  return found
}

const INPUT_CHECKS = {
  events: checkerOf(allEvents.input),
  task_events: checkerOf(taskEvents.input),
} as const

/** The operation that is asked for, its input without a fault. */
export function streamOf({ stream, input = {} }: Subscribe): Operation | Problem {
  const faults = INPUT_CHECKS[stream](input).map(({ pointer, reason }) => ({
    pointer: `/input${pointer}`,
    reason,
  }))
  const nuls = Object.entries(input).flatMap(([name, text]) =>
    typeof text === 'string' && text.includes('\0')
      ? [{ pointer: `/input/${name}`, reason: 'has a character of code 0, which no database takes as text' }]
      : [],
  )
  const all = [...faults, ...nuls]
  return all.length > 0 ? invalid(all) : STREAMS[stream]
}

/** Of a subscription, or of a message that names none. */
export function problemMessage(id: string | undefined, problem: Problem): object {
  const { code, title, status, details } = problem
  const { detail, faults } = details
  const told = { code, title, status, ...(detail !== undefined && { detail }), ...(faults && { faults }) }
  return { type: 'problem', ...(id !== undefined && { id }), problem: told }
}
