/** What a chat completion may ask, and which question it is. What the pipeline cannot do is a fault, never left out in silence. */
import { invalid, Problem } from '../problem.ts'
import type { InputFault } from '../schema.ts'
import type { Question } from './asking.ts'

const MODEL = /^caudal\/([a-z_]+)$/

export const CHAT_INPUT = {
  type: 'object',
  properties: {
    model: { type: 'string', minLength: 1, maxLength: 100, description: 'caudal/ and a task type.' },
    messages: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        type: 'object',
        properties: {
          role: { type: 'string', enum: ['user'], description: 'user.' },
          content: { description: 'A text, or a list of parts of the type text.' },
          name: { type: 'string', maxLength: 64, description: 'Of the user; it reaches no model.' },
        },
        required: ['role', 'content'],
        additionalProperties: false,
      },
      description: 'One turn of the user: the question.',
    },
    stream: { type: 'boolean', description: 'Whether the delivered answer comes in chunks.' },
    stream_options: {
      type: 'object',
      properties: {
        include_usage: { type: 'boolean', description: 'Whether a last chunk has the usage.' },
        include_obfuscation: { type: 'boolean', description: 'Chunks have none.' },
      },
      additionalProperties: false,
      description: 'Of a stream.',
    },
    n: { type: 'integer', minimum: 1, maximum: 1, description: '1.' },
    user: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Who asks, as the client names the user.',
    },
  },
  required: ['model', 'messages'],
  additionalProperties: false,
} as const

interface ChatInput {
  readonly model: string
  readonly messages: readonly { readonly content: unknown }[]
  readonly user?: string | undefined
}

/** The schema holds of the input. */
export function questionIn({ model, messages, user }: ChatInput): Question | Problem {
  const taskType = taskTypeOf(model)
  if (taskType instanceof Problem) return taskType
  const [turn] = messages
  const text = textOf(turn?.content)
  if (typeof text !== 'string') return invalid(text)
  return { title: text, task_type: taskType, ...(user !== undefined && { user_id: user }) }
}

/** A caller names a task type where others name a model. */
export function taskTypeOf(model: string): string | Problem {
  const [, taskType] = MODEL.exec(model) ?? []
  if (taskType !== undefined) return taskType
  const detail = `The model ${model} does not exist. A model is caudal/ and a task type.`
  return new Problem('model_unknown', { detail })
}

const AT = '/messages/0/content'

function textOf(content: unknown): string | readonly InputFault[] {
  if (typeof content === 'string') return content
  if (!Array.isArray(content) || content.length === 0)
    return [{ pointer: AT, reason: 'must be a text, or a list of parts' }]
  const faults = content.flatMap((part, index) =>
    isText(part) ? [] : [{ pointer: `${AT}/${index}`, reason: 'must be a part of the type text' }],
  )
  return faults.length > 0 ? faults : content.map(part => part.text).join('\n')
}

const isText = (part: unknown): part is { readonly text: string } =>
  typeof part === 'object' &&
  part !== null &&
  'type' in part &&
  part.type === 'text' &&
  'text' in part &&
  typeof part.text === 'string'

const POINTERS: Readonly<Record<string, string>> = { '/title': AT, '/user_id': '/user' }

/** Faults of the question as faults of the chat. */
export const withChatFaults = (problem: Problem): Problem => withFaultsAt(problem, POINTERS)

/** Faults of the question at the fields of another input. */
export function withFaultsAt(problem: Problem, pointers: Readonly<Record<string, string>>): Problem {
  const { faults = [] } = problem.details
  const ofType = faults.find(({ pointer }) => pointer === '/task_type')
  if (ofType) return new Problem('model_unknown', { detail: `Its task type ${ofType.reason}.` })
  return invalid(faults.map(({ pointer, reason }) => ({ pointer: pointers[pointer] ?? pointer, reason })))
}
