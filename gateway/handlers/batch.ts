/** `POST /batch`: many questions at once. */
import { hash } from 'node:crypto'
import type { Prepared } from '#pipelines/answers-service.ts'
import { accepted, type Call, type Gateway, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { checkerOf, type InputFault, type Schema, UnreadableLine } from '../schema.ts'
import { IDEMPOTENCY_KEY, prepared, refusal } from './asking.ts'
import { type AskedItem, askedBefore, askedTogether, digestOf } from './batch-asking.ts'
import { CALLBACK, callbackProblem } from './callback.ts'
import { RUN_FIELDS } from './views.ts'

const ITEMS_MAX = 1_000

const ITEM = {
  type: 'object',
  properties: {
    title: { type: 'string', minLength: 1, maxLength: 10_000, description: 'The question; or text instead.' },
    text: { type: 'string', minLength: 1, maxLength: 10_000, description: 'A text for the task type.' },
    content: { type: 'string', maxLength: 100_000, description: 'More text that belongs to it.' },
    best_answer: {
      type: 'string',
      maxLength: 100_000,
      description: 'The reference answer, for the judge alone.',
    },
    task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'qa when left out.' },
  },
  additionalProperties: false,
} as const satisfies Schema

const FAULT = {
  type: 'object',
  properties: {
    pointer: { type: 'string', description: 'JSON pointer within the item.' },
    reason: { type: 'string', description: 'What is wrong.' },
  },
  required: ['pointer', 'reason'],
  additionalProperties: false,
} as const

const BATCH_CALLBACK = {
  ...CALLBACK,
  description: 'The address of an endpoint that is called, signed, when every question has its outcome.',
} as const

const INDEX = { type: 'integer', description: 'Place in the list, from 0 on.' } as const

export const batch = operation({
  name: 'batch',
  summary: 'Puts many questions in, all that have no fault or none of them.',
  scope: 'ask',
  input: {
    type: 'object',
    properties: {
      items: {
        type: 'array',
        // Each is checked by itself, so that one at fault refuses no other.
        items: {},
        minItems: 1,
        maxItems: ITEMS_MAX,
        description: `1 to ${ITEMS_MAX} questions: a JSON array, or a JSON object a line as application/x-ndjson.`,
      },
      idempotency_key: IDEMPOTENCY_KEY,
      callback: BATCH_CALLBACK,
    },
    required: ['items'],
    additionalProperties: false,
  },
  shownItems: ITEM,
  found: { type: 'object', properties: {}, additionalProperties: false },
  accepted: {
    type: 'object',
    properties: {
      batch_id: { type: 'string', description: 'Identity of the batch.' },
      accepted: {
        type: 'array',
        description: 'What the log holds.',
        items: {
          type: 'object',
          properties: {
            index: INDEX,
            id: RUN_FIELDS.id,
            task_id: RUN_FIELDS.task_id,
            joined: { type: 'boolean', description: 'Whether an equal question was under way.' },
          },
          required: ['index', 'id', 'task_id'],
          additionalProperties: false,
        },
      },
      rejected: {
        type: 'array',
        description: 'What was not put in, with every fault.',
        items: {
          type: 'object',
          properties: { index: INDEX, faults: { type: 'array', items: FAULT } },
          required: ['index', 'faults'],
          additionalProperties: false,
        },
      },
    },
    required: ['batch_id', 'accepted', 'rejected'],
    additionalProperties: false,
  },
  problems: ['key_reused', 'log_unavailable', 'stopping'],
  async run(gateway, { items, idempotency_key: key, callback }, call) {
    const { organization } = call.caller
    const refused = await callbackProblem(gateway, callback, call)
    if (refused) return refused
    const base = key ?? hash('sha256', gateway.service.newId())
    const batchId = hash('sha256', JSON.stringify([organization, base])).slice(0, 32)
    const read = items.map((item, index) => readItem(gateway, item, call, key && itemKey(key, index)))
    const rejected = read.flatMap((each, index) => ('faults' in each ? [{ index, faults: each.faults }] : []))
    if (rejected.length === items.length) return invalid(rejected.flatMap(faultsOfBatch))
    const facts = { id: batchId, organization_id: organization, rejected: rejected.length, callback }
    const before = key === undefined ? undefined : await gateway.batches.get(organization, batchId)
    const asked = before?.digest
      ? askedBefore(read, before)
      : askedTogether(gateway, read, facts, key !== undefined)
    if (asked instanceof Problem) return asked
    if (before?.digest) call.repeats?.()
    try {
      await Promise.all([asked.append(), ...asked.items.map(({ run }) => gateway.runs.isIn(run.id))])
    } catch (error) {
      return refusal(error)
    }
    const tasks = asked.items.map(({ run }) => run.id)
    const kept = { tasks, rejected: rejected.length, digest: digestOf(read) }
    await gateway.batches.keep(organization, batchId, kept)
    const body = { batch_id: batchId, accepted: asked.items.map(itemView), rejected }
    return { ...accepted(body), refusedCount: rejected.length }
  },
})

/** The same for the same item of a batch that is sent again. */
const itemKey = (key: string, index: number): string => hash('sha256', `${key} ${index}`).slice(0, 32)

/** Every fault of an item, or the question that it is. */
function readItem(
  gateway: Gateway,
  item: unknown,
  call: Call,
  key: string | undefined,
): Prepared | { readonly faults: readonly InputFault[] } {
  if (item instanceof UnreadableLine)
    return { faults: [{ pointer: '', reason: `is no JSON: ${item.reason}` }] }
  const faults = checkItem(item)
  if (faults.length > 0) return { faults }
  // What has no fault is an object.
  const question = prepared(gateway, Object(item), call, { key })
  return question instanceof Problem ? { faults: question.details.faults ?? [] } : question
}

const checkItem = checkerOf(ITEM)

const faultsOfBatch = ({
  index,
  faults,
}: {
  readonly index: number
  readonly faults: readonly InputFault[]
}) => faults.map(({ pointer, reason }) => ({ pointer: `/${index}${pointer}`, reason }))

const itemView = ({ index, run, joined }: AskedItem): object => ({
  index,
  id: run.hash,
  task_id: run.id,
  ...(joined && { joined }),
})
