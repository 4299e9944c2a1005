/** A gate before a provider whose calls end when the test says so, on time moved by hand. */
import { type LimitOptions, limited } from '#models/limits.ts'
import { type Model, ModelError, type ModelErrorType, type ModelReply } from '#models/model.ts'
import { manualTime, settle } from './manual-time.ts'

export const REPLY: ModelReply = {
  text: 'ok',
  usage: { promptTokens: 1, completionTokens: 1 },
  model: 'm',
  latencyMs: 0,
  finish: 'stop',
}
export const failure = (errorType: ModelErrorType, retryAfterMs?: number) =>
  new ModelError(errorType, { model: 'm', reason: errorType, retryAfterMs })

export function gated(options: LimitOptions = {}) {
  const time = manualTime()
  const open: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  const provider: Model = {
    complete: (_, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        open.push({ resolve: () => resolve(REPLY), reject })
      }),
  }
  const told: string[] = []
  const logger = {
    warn: (message: string, fields?: object) => told.push(`warn ${message} ${JSON.stringify(fields)}`),
    info: (message: string, fields?: object) => told.push(`info ${message} ${JSON.stringify(fields)}`),
  }
  const model = limited(provider, { name: 'test', logger, ...options }, time)
  const outcomes: string[] = []
  const errors: ModelError[] = []
  let asked = 0
  const call = (signal = new AbortController().signal, subject = `q${asked++}`) =>
    void model.complete({ messages: [], subject }, { signal, requestId: 'r' }).then(
      () => outcomes.push('ok'),
      (error: unknown) => {
        if (error instanceof ModelError) errors.push(error)
        outcomes.push(error instanceof ModelError ? error.errorType : 'aborted')
      },
    )
  const calls = (count: number) => {
    for (let n = 0; n < count; n += 1) call()
    return settle()
  }
  const answer = (count = open.length) => {
    for (const { resolve } of open.splice(0, count)) resolve()
    return settle()
  }
  const fail = (error: unknown, count = open.length) => {
    for (const { reject } of open.splice(0, count)) reject(error)
    return settle()
  }
  return { time, model, open, outcomes, errors, told, call, calls, answer, fail }
}
