/** What the calling operators record of each call, for the history of a question. */
import { hash } from 'node:crypto'
import { costUsd, type PriceTable } from '#answers/prices.ts'
import type { Bought, LlmError, LlmRequest, Recording, Step } from '#answers/types.ts'
import type { Logger } from '#core/loggers.ts'
import type { ModelRequest } from '#models/model.ts'
import { type Braked, isKnown } from './brake.ts'
import { traceIdOf } from './trace-id.ts'

/** `digest` leaves out the messages, which are long, and keeps what tells them apart. */
export type RecordMode = 'digest' | 'full'

export interface RecordingContext {
  readonly now: number
  readonly headers: { get(name: string): string | undefined }
}

type Facts = Pick<Recording, 'kind' | 'step' | 'request_id'> & Partial<Recording>

export function recordingOf(request: LlmRequest, ctx: RecordingContext, facts: Facts): Recording {
  return {
    id: request.id,
    task_type: request.task_type,
    organization_id: request.organization_id,
    attempt: attemptNumber(request),
    at: ctx.now,
    trace_id: traceIdOf(ctx.headers.get('traceparent')),
    ...facts,
  }
}

/** Which question a log line is about. */
export function questionFields({ id, organization_id, task_type }: LlmRequest) {
  return { event_id: id, organization: organization_id, task_type }
}

/** Which time the question is tried, from 1 on. */
export const attemptNumber = ({ error_attempts, quality_attempts }: LlmRequest): number =>
  error_attempts + quality_attempts + 1

export interface RecorderOptions {
  /** Nothing is recorded when it is left out. */
  readonly record?: RecordMode | undefined
  readonly prices?: PriceTable | undefined
}

interface Emitting extends RecordingContext {
  readonly log: Logger
  emit(output: 'recorded', value: Recording): void
}

/** One call of an operator, to be recorded with the effects of its record. */
export interface RecordedCall {
  readonly request: LlmRequest
  readonly step: Step
  /** What the model was asked; nothing where no model was. */
  readonly asked?: ModelRequest
}

export class CallRecorder {
  readonly #options: RecorderOptions
  readonly #ctx: Emitting
  readonly #call: RecordedCall

  constructor(options: RecorderOptions, ctx: Emitting, call: RecordedCall) {
    this.#options = options
    this.#ctx = ctx
    this.#call = call
  }

  /** The call brought nothing, or something that is of no use. */
  failed({ request_id, error_type, reason }: LlmError, bought?: Bought): void {
    this.#log('a call for a question has failed', { code: error_type, error: reason }, bought)
    this.#emit({ kind: 'call_failed', request_id, error_type, reason, ...this.#brought(bought) })
  }

  /** No call was made. The history tells so once for each brake, however often the question looks whether it is released. */
  braked(braked: Braked, request_id: string): void {
    if (!isKnown(this.#ctx, braked)) this.#emit({ kind: 'waiting', request_id, reason: braked.reason })
  }

  brought(kind: 'generated' | 'scored', bought: Bought | undefined, more: Partial<Recording>): void {
    const request_id = bought?.requestId ?? ''
    this.#log('a call for a question has brought a reply', {}, bought)
    this.#emit({ kind, request_id, ...this.#brought(bought), ...more })
  }

  #log(message: string, fields: object, bought: Bought | undefined): void {
    const { request, step, asked } = this.#call
    const { model, latencyMs, text: reply } = bought ?? {}
    const content = { question: request.title, messages: asked?.messages, reply }
    this.#ctx.log.debug(message, {
      ...questionFields(request),
      step,
      model,
      latencyMs,
      ...fields,
      ...content,
    })
  }

  #emit(facts: Omit<Facts, 'step'>): void {
    const { record } = this.#options
    const { request, step, asked } = this.#call
    if (!record) return
    const messages = asked && askedWith(asked, record)
    this.#ctx.emit('recorded', recordingOf(request, this.#ctx, { step, ...facts, ...messages }))
  }

  #brought(bought: Bought | undefined): Partial<Recording> {
    if (!bought) return {}
    const { text, model, usage, latencyMs } = bought
    return {
      reply: text,
      model,
      tokens_prompt: usage.promptTokens,
      tokens_completion: usage.completionTokens,
      tokens_estimated: usage.isEstimate,
      cost_usd: costUsd(model, usage, this.#options.prices),
      latency_ms: latencyMs,
    }
  }
}

function askedWith(
  { messages }: ModelRequest,
  mode: RecordMode,
): Pick<Recording, 'messages' | 'messages_digest'> {
  const text = JSON.stringify(messages)
  return { messages_digest: hash('sha256', text), messages: mode === 'full' ? text : undefined }
}
