/**
 * One trace for each question, through topics, retries and pods.
 *
 * A record carries its place in the trace in the header `traceparent`. The span of that place is written by the run that emits
 * the record, under the span of the record that it works for. Both identities come from the identities of the two records alone.
 * So a record that is written again after a crash has the same bytes, and the span that is written again is the same span.
 *
 * Runs of operators and calls of steps lie under the span of their record, never under each other. So a pod that is killed
 * leaves no span without its parent. Two runs of one record are two spans. A call has the identity of its step. A result that
 * was found in the journal is a span that is marked as replayed and linked to the call. Spans are handed on as calls and runs end,
 * before the commit. A run that never ends has none. A record without a header begins a trace of its own.
 *
 * The run of a batch is a span in the trace of its first record, with links to the spans of all of its records.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type DiagnosticEvents, type DiagnosticName, subscribe } from '#core/diagnostics.ts'
import { codeOf, reasonOf } from '#core/errors.ts'
import type {
  BatchInfo,
  EmitInfo,
  InfoHeaders,
  Interceptor,
  ProcessInfo,
  StepInfo,
} from '#core/interceptor.ts'
import { isPending } from '#core/pending.ts'
import { stageOf } from '#core/record.ts'
import type { System } from '#core/system.ts'
import {
  isWithinShare,
  TRACEPARENT,
  type TraceContext,
  traceContextOf,
  traceparentOf,
} from '#core/trace-context.ts'
import { HeldTraces } from './held-traces.ts'
import { RecentNames } from './recent-names.ts'
import { grpcSpan, httpSpan, type RequestTrace } from './request-span.ts'
import { callSpanIdOf, type SpanLink, type SpanRecord, type SpanSink, spanIdOf, traceIdOf } from './span.ts'
import { OpenSpan, Work, WorksUnderWay } from './work.ts'

export interface TracesOptions {
  readonly system: System
  readonly sink: SpanSink
  /** Share of the traces that begin here and are written, from 0 to 1; all when left out. */
  readonly share?: number
}

interface Current {
  readonly work: Work
  readonly call?: OpenSpan
}

const ROOTS_MAX = 10_000
/** The SDK drops further links. */
const LINKS_MAX = 128

export class Traces implements Disposable {
  /** Around what pods do; given to `run`. */
  readonly interceptor: Required<Omit<Interceptor, 'commit'>> = {
    process: (info, next) => this.#process(info, next),
    batch: (info, next) => this.#batch(info, next),
    step: (info, next) => this.#step(info, next),
    replayed: info => this.#replayed(info),
    emit: info => this.#emit(info),
  }
  readonly #options: TracesOptions
  readonly #current = new AsyncLocalStorage<Current | undefined>()
  readonly #underWay = new WorksUnderWay()
  readonly #roots = new RecentNames(ROOTS_MAX)
  readonly #held: HeldTraces
  readonly #ends: (() => void)[] = []

  constructor(options: TracesOptions) {
    this.#options = options
    this.#held = new HeldTraces(options)
  }

  /** From here on spans have what models, judges and the gateway tell. */
  start(): void {
    this.#on('caudal:model:call', ({ provider, model, errorType }) => {
      const span = this.#current.getStore()?.call
      if (span && model !== undefined) span.name = `chat ${model}`
      span?.add({
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': model,
        'server.address': hostOf(provider),
        'error.type': errorType,
      })
    })
    this.#on('caudal:model:bought', bought =>
      this.#current.getStore()?.call?.add({
        'gen_ai.response.model': bought.model,
        'gen_ai.usage.input_tokens': bought.promptTokens,
        'gen_ai.usage.output_tokens': bought.completionTokens,
        'caudal.cost_usd': bought.costUsd,
        'caudal.task_type': bought.taskType,
        'caudal.organization': bought.organization,
      }),
    )
    this.#on('caudal:answer:judged', ({ taskType, promptVersion, final, outcome }) =>
      this.#add({ task_type: taskType, prompt_version: promptVersion, score: final, outcome }),
    )
    this.#on('caudal:answer:retried', ({ taskType, errorType, outcome }) =>
      this.#wait(taskType, errorType, outcome),
    )
    this.#on('caudal:answer:delivered', ({ taskType, belowThreshold, attempts, costUsd }) =>
      this.#outcome({ task_type: taskType, below_threshold: belowThreshold, attempts, cost_usd: costUsd }),
    )
    this.#on('caudal:answer:failed', ({ taskType, reason }) =>
      this.#outcome({ task_type: taskType, failed: reason, reason }),
    )
    this.#on('caudal:webhook:called', message => this.#webhook(message))
    this.#on('caudal:http:answered', message =>
      this.#answered(message.trace, endMs => httpSpan(message, endMs)),
    )
    this.#on('caudal:grpc:answered', message =>
      this.#answered(message.trace, endMs => grpcSpan(message, endMs)),
    )
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends.splice(0)) end()
  }

  #on<N extends DiagnosticName>(name: N, listener: (message: DiagnosticEvents[N]) => void): void {
    this.#ends.push(subscribe(name, listener))
  }

  #process(info: ProcessInfo, next: () => void | Promise<void>): void | Promise<void> {
    const context = this.#contextOf(info.headers, info.id)
    const work = this.#begin(info, context)
    try {
      const pending = this.#current.run({ work }, next)
      if (!isPending(pending)) return this.#end(work)
      return pending.then(
        () => this.#end(work),
        error => this.#fail(work, error),
      )
    } catch (error) {
      return this.#fail(work, error)
    }
  }

  #begin({ task, node, kind, id, attempt }: ProcessInfo, context: TraceContext): Work {
    const facts = { kind: 'consumer', spanId: this.#newSpanId(), startMs: this.#now() } as const
    const attributes = { 'caudal.task': task, 'caudal.stage': stageOf(task), 'caudal.node': node }
    const record = { 'caudal.record.id': id, 'caudal.attempt': attempt, 'caudal.kind': kind }
    return this.#underWay.begun(
      new Work(new OpenSpan(node, facts, { ...attributes, ...record }), context, { node, id }),
    )
  }

  /** A batch belongs to several traces, so its code runs as the work of none. */
  async #batch({ node, records }: BatchInfo, next: () => void | Promise<void>): Promise<void> {
    const all = records.map(({ headers, id }) => this.#contextOf(headers, id))
    const sampled = all.filter(({ isSampled }) => isSampled)
    const places = sampled.length > 0 ? sampled : all
    const [first] = places
    if (!first) return next()
    const links = places.slice(0, LINKS_MAX)
    const facts = { kind: 'internal', spanId: this.#newSpanId(), startMs: this.#now(), links } as const
    const attributes = { 'caudal.node': node, 'caudal.batch.records': records.length }
    const work = new Work(new OpenSpan(`${node} batch`, facts, attributes), first, undefined)
    try {
      await this.#current.run(undefined, next)
      this.#end(work)
    } catch (error) {
      this.#fail(work, error)
    }
  }

  #end(work: Work, error?: string): void {
    this.#underWay.ended(work)
    for (const span of work.spans(this.#now(), error)) this.#put(span, work.context)
  }

  #fail(work: Work, error: unknown): never {
    work.span.add({ 'error.type': codeOf(error) })
    this.#end(work, reasonOf(error))
    throw error
  }

  async #step(info: StepInfo, next: () => Promise<unknown>): Promise<unknown> {
    const current = this.#current.getStore()
    if (!current) return next()
    const { work } = current
    const call = this.#call(info, { spanId: callSpanIdOf(info.id) })
    try {
      const result = await this.#current.run({ work, call }, next)
      this.#called(call, work)
      return result
    } catch (error) {
      this.#called(call, work, reasonOf(error))
      throw error
    }
  }

  #called(call: OpenSpan, { context }: Work, error?: string): void {
    const now = this.#now()
    call.end(now, error)
    this.#put(call.under(context, now), context)
  }

  #replayed(info: StepInfo): void {
    const work = this.#current.getStore()?.work
    if (!work) return
    const { traceId } = work.context
    const links = [{ traceId, spanId: callSpanIdOf(info.id) }]
    const call = this.#call(info, { spanId: this.#newSpanId(), links })
    call.add({ 'caudal.replayed': true })
    this.#called(call, work)
  }

  #call(
    { node, step, id }: StepInfo,
    identity: { readonly spanId: string; readonly links?: readonly SpanLink[] },
  ) {
    const attributes = { 'caudal.node': node, 'caudal.step': step, 'caudal.call.id': id }
    return new OpenSpan(`${node} ${step}`, { ...identity, kind: 'client', startMs: this.#now() }, attributes)
  }

  /** The header of a record on its way, and the span that the header names. */
  #emit({ node, topic, id, from, headers, due }: EmitInfo): Readonly<Record<string, string>> {
    const context = this.#contextOf(headers, from)
    const spanId = spanIdOf(id)
    const now = this.#now()
    const name = due === undefined ? `send ${topic}` : `wait for ${topic}`
    const attributes = { 'caudal.node': node, 'messaging.destination.name': topic, 'caudal.record.id': id }
    const span = new OpenSpan(name, { kind: 'producer', spanId, startMs: now }, attributes)
    span.end(due ?? now)
    // The code of a batch emits for each of its records, whose own run goes on around it.
    const work = this.#current.getStore()?.work ?? this.#underWay.of({ node, id: from })
    if (work) work.outputs.push(span)
    else this.#put(span.under(context, now), context)
    return { [TRACEPARENT]: traceparentOf({ ...context, spanId }) }
  }

  /** Where a record is in which trace. */
  #contextOf(headers: InfoHeaders, recordId: string): TraceContext {
    const given = traceContextOf(headers.get(TRACEPARENT))
    if (given) return given
    const traceId = traceIdOf(recordId)
    const context = {
      traceId,
      spanId: spanIdOf(recordId),
      isSampled: isWithinShare(traceId, this.#options.share ?? 1),
    }
    if (this.#roots.isNew(recordId)) this.#writeRoot(recordId, context)
    return context
  }

  #writeRoot(recordId: string, context: TraceContext): void {
    const { traceId, spanId } = context
    const now = this.#now()
    const attributes = { 'caudal.record.id': recordId }
    const times = { startMs: now, endMs: now }
    const facts = { name: 'receive', kind: 'consumer', traceId, spanId, parentId: undefined } as const
    this.#put({ ...facts, ...times, attributes }, context)
  }

  #add(facts: Readonly<Record<string, string | number | boolean | undefined>>): void {
    const named = Object.entries(facts).map(([name, value]) => [`caudal.${name}`, value] as const)
    this.#current.getStore()?.work.span.add(Object.fromEntries(named))
  }

  #outcome(facts: Readonly<Record<string, string | number | boolean | undefined>>): void {
    this.#add(facts)
    const work = this.#current.getStore()?.work
    if (work) this.#held.ended(work.context.traceId, this.#now())
  }

  /** Why a question waits, on the run and on the span of the wait. */
  #wait(taskType: string, errorType: string, outcome: string): void {
    this.#add({ task_type: taskType, outcome, reason: errorType })
    this.#reasonOfWait(errorType)
  }

  /** What came of the call of an endpoint: on the run, and on the span of the wait before the next call. */
  #webhook({ host, outcome }: DiagnosticEvents['caudal:webhook:called']): void {
    this.#current.getStore()?.work.span.add({ 'server.address': host, 'caudal.outcome': outcome })
    this.#reasonOfWait(`webhook ${outcome}`)
  }

  #reasonOfWait(reason: string): void {
    for (const output of this.#current.getStore()?.work.outputs ?? [])
      if (output.name.startsWith('wait')) output.add({ 'caudal.reason': reason })
  }

  #answered(trace: RequestTrace | undefined, spanAt: (endMs: number) => SpanRecord | undefined): void {
    const span = spanAt(this.#now())
    if (trace && span) this.#put(span, trace)
  }

  /** Of a span that no header names. */
  #newSpanId(): string {
    const half = () =>
      Math.floor(this.#options.system.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    const id = half() + half()
    return /^0+$/.test(id) ? '0000000000000001' : id
  }

  /** A trace that is not sampled is written all the same once something in it is worth it. */
  #put(span: SpanRecord, { isSampled }: Pick<TraceContext, 'isSampled'>): void {
    if (isSampled) this.#options.sink(span)
    else this.#held.take(span)
  }

  #now(): number {
    return this.#options.system.now()
  }
}

/** Addresses may carry a user and a password. */
const hostOf = (provider: string): string => (URL.canParse(provider) ? new URL(provider).host : 'none')
