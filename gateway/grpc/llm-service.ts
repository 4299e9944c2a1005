/** The calls of `LLMService`: who calls, what is asked, and where the answer goes. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js'
import { publish } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { bearerCaller, countedName, localCaller, withScope } from '../caller.ts'
import { runCharged } from '../charging.ts'
import { GENERATE_WAIT_MAX_MS, generate } from '../handlers/generate.ts'
import type { KeyRing } from '../keys.ts'
import { networkOf } from '../network-of.ts'
import type { Caller, Gateway } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import type { Rates } from '../rates.ts'
import { checkerOf } from '../schema.ts'
import { type Trace, traceOf } from '../trace.ts'
import { Reply, streamWire, unaryWire, type Wire } from './reply.ts'

export interface LlmServiceOptions {
  /** Nothing while the log is not open yet. */
  readonly gateway: () => Gateway | undefined
  /** Unique among the gateways that run at the same time. */
  readonly name: string
  /** Nothing where this machine alone is answered, without keys. */
  readonly keys?: KeyRing | undefined
  /** Any number of calls without. */
  readonly rates?: Rates | undefined
  readonly logger: Logger
  readonly system: System
  /** Share of the traces that begin here and are written, from 0 to 1; all when left out. */
  readonly traceShare?: number
}

/** As the proto names the fields; what a client left out has the default of its type. */
interface GenerateRequest {
  readonly prompt: string
  readonly model: string
  readonly temperature: number
}

type AnyCall = ServerUnaryCall<GenerateRequest, object> | ServerWritableStream<GenerateRequest, object>

/** A call of a client that has set no deadline waits for so long. */
const WAIT_DEFAULT_MS = 300_000

const faultsOf = checkerOf(generate.input)

interface Asking {
  readonly reply: Reply
  readonly trace: Trace
  readonly inPieces: boolean
}

export class LlmService {
  readonly #options: LlmServiceOptions
  readonly #open = new Set<Reply>()
  #count = 0

  constructor(options: LlmServiceOptions) {
    this.#options = options
  }

  /** For the server of the library, by the names of the proto. */
  get handlers(): {
    readonly Generate: handleUnaryCall<GenerateRequest, object>
    readonly StreamGenerate: handleServerStreamingCall<GenerateRequest, object>
  } {
    return {
      Generate: (call, callback) => this.#take(call, unaryWire(call, callback), false),
      StreamGenerate: call => this.#take(call, streamWire(call), true),
    }
  }

  /** Every open call ends with the problem. */
  end(problem: Problem): void {
    for (const reply of this.#open) reply.fail(problem)
  }

  #take(call: AnyCall, wire: Wire, inPieces: boolean): void {
    const { name, system, logger, traceShare } = this.#options
    const given = { traceparent: first(call, 'traceparent'), requestId: first(call, 'x-request-id') }
    const trace = traceOf(given, `${name}/grpc/${this.#count++}`, traceShare)
    const { requestId, traceparent } = trace
    const tell = this.#told(call.getPath().slice(1), trace)
    const reply = new Reply(wire, { system, told: { 'x-request-id': requestId, traceparent } })
    this.#open.add(reply)
    reply.onEnd(code => {
      this.#open.delete(reply)
      tell(code)
    })
    call.on('cancelled', () => {
      const isLate = Number(call.getDeadline()) <= system.now()
      reply.leave(isLate ? status.DEADLINE_EXCEEDED : status.CANCELLED)
    })
    const leaving = new AbortController()
    reply.onEnd(() => leaving.abort())
    this.#answer(call, { reply, trace, inPieces }, leaving.signal).catch(error => {
      // A client that has left gets no answer, and its leaving is no failure.
      if (leaving.signal.aborted) return
      const told = { request_id: requestId, trace_id: trace.traceId, error: reasonOf(error) }
      logger.error('the gateway failed on a call of gRPC', { method: call.getPath(), ...told })
      reply.fail(new Problem('internal'))
    })
  }

  /** Tells of the call, for metrics and traces; what it returns tells of its end. */
  #told(method: string, { span: trace }: Trace): (code: status) => void {
    const { system } = this.#options
    const began = system.monotonic()
    publish('caudal:grpc:asked', { method })
    return code => {
      const durationMs = system.monotonic() - began
      publish('caudal:grpc:answered', { method, code: status[code], durationMs, trace })
    }
  }

  async #answer(call: AnyCall, { reply, trace, inPieces }: Asking, signal: AbortSignal): Promise<void> {
    const { gateway, rates } = this.#options
    const address = addressOf(call)
    const known = await this.#callerOf(call, address)
    const limited = await rates?.overLimit(countedName(known, networkOf(address)))
    if (limited) return reply.fail(limited)
    const caller = withScope('ask', known)
    if (caller instanceof Problem) return reply.fail(caller)
    const input = this.#inputOf(call, inPieces)
    if (input instanceof Problem) return reply.fail(input)
    const opened = gateway()
    if (!opened) return reply.fail(new Problem('starting', { retryAfterS: 1 }))
    if (signal.aborted) return
    const answer = await runCharged(generate, opened, input, { caller, address, signal, ...trace }, rates)
    if (answer instanceof Problem) return reply.fail(answer)
    if (answer.kind === 'stream') await answer.open(reply)
  }

  #callerOf(call: AnyCall, address: string): Promise<Caller | Problem> | Caller | Problem {
    const { keys } = this.#options
    if (keys) return bearerCaller(keys, first(call, 'authorization'))
    const isProxied = ['forwarded', 'x-forwarded-for'].some(name => first(call, name) !== undefined)
    return localCaller({ address, host: call.getHost(), isProxied })
  }

  /** What is asked, or every fault of it. */
  #inputOf(call: AnyCall, inPieces: boolean): object | Problem {
    const { prompt, model, temperature } = call.request
    const waitMs = Number(call.getDeadline()) - this.#options.system.now()
    if (waitMs <= 0)
      return new Problem('not_in_time', { detail: 'The deadline had passed: nothing was asked.' })
    const key = first(call, 'idempotency-key')
    const wait = Number.isFinite(waitMs) ? Math.min(Math.ceil(waitMs), GENERATE_WAIT_MAX_MS) : WAIT_DEFAULT_MS
    const input = {
      ...{ prompt, model, temperature, in_pieces: inPieces, wait_ms: wait },
      ...(key !== undefined && { idempotency_key: key }),
    }
    const faults = faultsOf(input)
    return faults.length > 0 ? invalid(faults) : input
  }
}

/** The first value of the name in the metadata, where it is a text. */
function first({ metadata }: AnyCall, name: string): string | undefined {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : undefined
}

/** Without its port. */
const addressOf = (call: AnyCall): string => call.getPeer().replace(/:\d+$/, '')
