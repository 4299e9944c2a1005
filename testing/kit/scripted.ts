/**
 * Outside calls with a script. A scripted function takes virtual time, and answers, fails or hangs by its script. It honours the
 * signal, and remembers every call, so that a test can count what was paid for.
 */
import type { Duration } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import { misuse, msOf } from './misuse.ts'
import { currentPlace, type Place } from './place.ts'

/** One scripted outcome. Made by `reply`, `failure` and `hang`. */
export class Scene<Reply> {
  /** How the call ends, or that it does not end. */
  readonly kind: 'reply' | 'failure' | 'hang'
  /** The reply, or what the call rejects with. */
  readonly outcome: Reply | unknown
  /** How long the call takes, in milliseconds. */
  readonly afterMs: number | undefined

  constructor(kind: Scene<Reply>['kind'], outcome: Reply | unknown, after: Duration | undefined) {
    this.kind = kind
    this.outcome = outcome
    this.afterMs = after === undefined ? undefined : msOf('after', after)
  }
}

/** Answers with this value, after the time given or else the script's latency. */
export const reply = <R>(value: R, after?: Duration): Scene<R> => new Scene('reply', value, after)
/** Fails with this error. */
export const failure = (error: unknown, after?: Duration): Scene<never> => new Scene('failure', error, after)
/** Never answers: only the caller's signal ends the call. */
export const hang = (): Scene<never> => new Scene('hang', undefined, undefined)

/**
 * Either a list of answers in the order of the calls, or a function that answers every call. The function gets the request and
 * the number of the call, from 1 on. A plain value is a reply.
 */
export type Script<Request, Reply> =
  | readonly (Scene<Reply> | Reply)[]
  | ((request: Request, nth: number) => Scene<Reply> | Reply)

/** Options of `scripted`. */
export interface ScriptOptions {
  /** How long an answer takes without a time of its own. Left out: 0. With two durations, the seed draws evenly between them. */
  readonly latency?: Duration | readonly [from: Duration, to: Duration]
}

/** The part of a step that the caller passes on: `ctx.step('judge', call => model(request, call))`. */
export interface CallOptions {
  /** Ends the call when it is aborted. */
  readonly signal?: AbortSignal
  /** The identity of the call; `call-N` when left out. */
  readonly id?: string
}

/** One call of a scripted function. Times are milliseconds since the epoch, in virtual time. */
export interface ScriptedCall<Request, Reply> {
  /** What was asked. */
  readonly request: Request
  /** The id that the caller gave, or `call-N`. */
  readonly id: string
  /** The pod that called. */
  readonly by: string
  /** When the call began, in milliseconds of the test's clock. */
  readonly startedAt: number
  /** `lost`: its process crashed before the answer came. */
  readonly status: 'inFlight' | 'answered' | 'failed' | 'aborted' | 'lost'
  /** When the call ended; `undefined` while it runs. */
  readonly endedAt: number | undefined
  /** What was answered; `undefined` where nothing was. */
  readonly reply: Reply | undefined
}

/** A function that answers by its script, and remembers its calls. Made by `scripted`. */
export interface Scripted<Request, Reply> {
  (request: Request, options?: CallOptions): Promise<Reply>
  /** All calls so far, in order. */
  readonly calls: readonly ScriptedCall<Request, Reply>[]
  /** Calls that wait for their answer now. */
  readonly inFlight: number
  /** The most that were in flight at once. */
  readonly inFlightPeak: number
  /** Ids with more than one answer: these calls were paid for twice. */
  readonly boughtTwice: readonly string[]
  /** Replaces the script from now on. */
  follow(script: Script<Request, Reply>): void
}

/** A function for operators to call, in place of a model or any other service. */
export function scripted<Request, Reply>(
  script: Script<Request, Reply>,
  options: ScriptOptions = {},
): Scripted<Request, Reply> {
  const latency = [options.latency ?? 0].flat().map(each => msOf('latency', each))
  const calls: Call<Request, Reply>[] = []
  let current = script
  let followedSince = 0
  let inFlightPeak = 0

  const ask = async (request: Request, { signal, id }: CallOptions = {}): Promise<Reply> => {
    const call = new Call<Request, Reply>(request, id ?? `call-${calls.length + 1}`, currentPlace())
    calls.push(call)
    inFlightPeak = Math.max(inFlightPeak, inFlightOf(calls))
    const scene = sceneFor(current, request, calls.length - followedSince)
    return call.play(scene, scene.afterMs ?? drawn(latency, call.place), signal)
  }
  const follow = (next: Script<Request, Reply>) => {
    current = next
    followedSince = calls.length
  }
  // The members that the type promises are all defined right here.
  return Object.defineProperties(ask as Scripted<Request, Reply>, {
    calls: { get: () => calls },
    inFlight: { get: () => inFlightOf(calls) },
    inFlightPeak: { get: () => inFlightPeak },
    boughtTwice: { get: () => twice(calls) },
    follow: { value: follow },
  })
}

class Call<Request, Reply> implements ScriptedCall<Request, Reply> {
  readonly request: Request
  readonly id: string
  readonly place: Place
  readonly startedAt: number
  endedAt: number | undefined
  reply: Reply | undefined
  #status: ScriptedCall<Request, Reply>['status'] = 'inFlight'

  constructor(request: Request, id: string, place: Place) {
    this.request = request
    this.id = id
    this.place = place
    this.startedAt = place.system.now()
  }

  get by(): string {
    return this.place.name
  }

  get status(): ScriptedCall<Request, Reply>['status'] {
    return this.#status === 'inFlight' && !this.place.isAlive() ? 'lost' : this.#status
  }

  play(scene: Scene<Reply>, afterMs: number, signal: AbortSignal | undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      let cancel = () => {}
      const end = (status: 'answered' | 'failed' | 'aborted', finish: () => void) => {
        cancel()
        signal?.removeEventListener('abort', abort)
        this.#status = status
        this.endedAt = this.place.system.now()
        finish()
      }
      const abort = () => end('aborted', () => reject(signal?.reason))
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      if (scene.kind === 'hang') return
      cancel = this.place.system.after(afterMs, () => {
        if (scene.kind === 'failure') return end('failed', () => reject(scene.outcome))
        this.reply = scene.outcome as Reply // A scene of kind `reply` was made with one.
        end('answered', () => resolve(scene.outcome as Reply)) // As above.
      })
    })
  }
}

const inFlightOf = (calls: readonly { readonly status: string }[]): number =>
  calls.filter(({ status }) => status === 'inFlight').length

function sceneFor<Request, Reply>(
  script: Script<Request, Reply>,
  request: Request,
  nth: number,
): Scene<Reply> {
  if (typeof script === 'function') return asScene(script(request, nth))
  if (nth <= script.length) return asScene(script[nth - 1] as Scene<Reply> | Reply) // It is within the list.
  throw misuse(`the script has ${script.length} answers, and call ${nth} came; add one, or give a function`)
}

function asScene<Reply>(answer: Scene<Reply> | Reply): Scene<Reply> {
  return answer instanceof Scene ? answer : reply(answer)
}

function drawn([from = 0, to = from]: readonly number[], { system }: Place): number {
  return to === from ? from : from + system.random() * (to - from)
}

function twice<Q, R>(calls: readonly ScriptedCall<Q, R>[]): string[] {
  const answered = calls.filter(call => call.status === 'answered').map(call => call.id)
  return [...new Set(answered.filter((id, at) => answered.indexOf(id) !== at))]
}

/** A failure that the runtime retries, like the failure of a provider. */
export function trouble(reason = 'the provider is in trouble'): CaudalError {
  return new CaudalError('MODEL_UNAVAILABLE', { model: 'scripted', errorType: 'unavailable', reason })
}
