/** How a question goes in: joined to an equal one that is under way, or put into the log. */
import { hash } from 'node:crypto'
import { questionHash } from '#answers/question-hash.ts'
import { STREAM_HEADER, STREAMED } from '#answers/tokens.ts'
import { asBytes } from '#core/codec.ts'
import { hasCode } from '#core/errors.ts'
import type { Headers } from '#core/record.ts'
import { unlessAway } from '#core/unless-away.ts'
import type { Prepared } from '#pipelines/answers-service.ts'
import { newRun, type Run } from '#pipelines/run-index.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'
import { CALLBACK_HEADER } from '#webhooks/webhook.ts'
import type { Call, Gateway } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import type { InputFault } from '../schema.ts'
import { keepJoined, keyedRun, keyReused } from './keyed-runs.ts'
import { endIn, type StoredEnd, type StoredState, storedRun, storedState } from './stored-end.ts'

export interface Question {
  readonly title?: string | undefined
  readonly text?: string | undefined
  readonly content?: string | undefined
  readonly best_answer?: string | undefined
  readonly task_type?: string | undefined
  readonly user_id?: string | undefined
}

export interface Asked {
  readonly run: Run
  /** Whether it is the run of an equal question. */
  readonly joined: boolean
  /** What came of it long ago: memory has forgotten it. */
  readonly end?: StoredEnd | undefined
}

/** A key that the caller gives to a request; with the same key, the same request is made once. */
export const IDEMPOTENCY_KEY = {
  type: 'string',
  pattern: '^[\\x21-\\x7e]{1,128}$',
  description:
    'A name for this request, unique among those of the organisation: sent again, it is the same question.',
} as const

export interface Manner {
  /** Names the request. */
  readonly key?: string | undefined
  /** Whether the answer is to be streamed while it is written. */
  readonly isStreamed?: boolean | undefined
  /** The endpoint that is called with what becomes of it. */
  readonly callback?: string | undefined
}

/** The question as the pipeline takes it, or every fault of it. */
export function prepared(
  { service }: Gateway,
  question: Question,
  call: Call,
  manner: Manner = {},
): Prepared | Problem {
  const faults = Object.entries(question).flatMap(([name, text]) =>
    typeof text === 'string' && text.includes('\0')
      ? [{ pointer: `/${name}`, reason: 'has a character of code 0, which no database takes as text' }]
      : [],
  )
  if (faults.length > 0) return invalid(faults)
  const { organization } = call.caller
  const id = eventId(service.newId(), organization, manner.key)
  const event = { id, ...question, ...(organization !== '' && { organization_id: organization }) }
  const found = service.prepare(event, headersOf(call, manner))
  return 'faults' in found ? invalid(found.faults.map(inputFault)) : found
}

/** Resolves when the log holds the question; the run of an equal question under way is joined unless it is to be fresh. */
export async function ask(
  gateway: Gateway,
  question: Prepared,
  { fresh, callback, key }: Pick<Manner, 'callback' | 'key'> & { readonly fresh: boolean },
): Promise<Asked | Problem> {
  const { service, runs } = gateway
  const { intake } = question
  const organization = organizationOf(intake.organization_id)
  const id = questionHash(intake)
  const kept = key === undefined ? undefined : await keyedRun(gateway, organization, intake.id)
  const state = key === undefined ? 'none' : await stateOf(gateway, organization, kept?.id ?? intake.id)
  const known = runs.get(organization, intake.id) ?? kept
  if (known && known.hash !== id) return keyReused()
  const end = endIn(state)
  if (end) return endedBefore(end, known ?? newRun(intake), intake.id, id)
  const other = known ?? (fresh ? undefined : runs.underWay(organization, id))
  try {
    if (other) {
      await runs.isIn(other.id)
      const joined = other.id !== intake.id
      if (joined && key !== undefined) await keepJoined(gateway, intake.id, other)
      if (joined && callback !== undefined) await service.join([{ id: other.id, callback }])
      return { run: other, joined }
    }
    const appended = service.append([question])
    const run = state === 'none' ? runs.add(intake, appended) : runs.addUnsure(intake, appended)
    await runs.isIn(run.id)
    return { run, joined: false }
  } catch (error) {
    return refusal(error)
  }
}

/** Of a request with a key, what the database knows. Nothing where nobody can say that the key is new. */
async function stateOf(
  gateway: Gateway,
  organization: Organization,
  id: string,
): Promise<StoredState | undefined> {
  if (gateway.service.outcomeNow(id)) return 'open'
  return unlessAway(storedState(gateway, organization, id))
}

function endedBefore(end: StoredEnd, asked: Run, eventId: string, questionId: string): Asked | Problem {
  const run = storedRun(end, asked)
  return run.hash === questionId ? { run, joined: run.id !== eventId, end } : keyReused()
}

const UNSURE = 'Nobody knows whether the question was taken. Send it again under the same Idempotency-Key.'

/** Trouble of the log as the caller sees it. What else goes wrong is thrown. */
export function refusal(error: unknown, detail = UNSURE): Problem {
  if (hasCode(error, 'LOG_CLOSED')) return new Problem('stopping', { retryAfterS: 1 })
  if (hasCode(error, 'LOG_UNAVAILABLE') || hasCode(error, 'LOG_FULL'))
    return new Problem('log_unavailable', { detail, retryAfterS: 1 })
  throw error
}

/** A key is the identity of its event, apart for each organisation. The name of an organisation has no dot. */
function eventId(unique: string, organization: Organization, key: string | undefined): string {
  if (key === undefined) return hash('sha256', unique).slice(0, 32)
  return organization === '' ? key : `${organization}.${key}`
}

function headersOf({ traceparent, requestId }: Call, { isStreamed, callback }: Manner): Headers {
  return {
    traceparent: asBytes(traceparent),
    'x-request-id': asBytes(requestId),
    ...(isStreamed && { [STREAM_HEADER]: asBytes(STREAMED) }),
    ...(callback !== undefined && { [CALLBACK_HEADER]: asBytes(callback) }),
  }
}

/** A fault of the pipeline names its field first. */
function inputFault(fault: string): InputFault {
  const [, name, reason] = /^(title|text|content|best_answer|task_type|user_id) (.*)$/s.exec(fault) ?? []
  return name === undefined || reason === undefined
    ? { pointer: '', reason: fault }
    : { pointer: `/${name}`, reason }
}
