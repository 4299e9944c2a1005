/** The pipeline with traces, before a model that fails and answers badly now and then. */
import { hash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { CRITERIA } from '#answers/rubric.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { realSystem } from '#core/system.ts'
import { type Model, ModelError, type ModelReply, type ModelRequest } from '#models/model.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { Traces } from '#observability/traces/traces.ts'
import { answers } from '#pipelines/answers.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { failure, reply, scripted, type TestKit } from '#testing/index.ts'

/** Fails now and then, and answers badly now and then: by the identity of the call, so that each run is the same. */
export function moodyModel(): Model {
  const ask = scripted<{ request: ModelRequest; id: string }, ModelReply>(
    ({ request, id }) => {
      const mood = hash('sha256', id, 'buffer').readUInt8(0)
      if (mood < 25) return failure(new ModelError('rate_limit', { model: 'm', reason: 'too many' }), '1s')
      const score = mood < 90 ? 4 : 9
      const verdict = { ...Object.fromEntries(CRITERIA.map(name => [name, score])), feedback: 'more' }
      const text = request.schema ? JSON.stringify(verdict) : 'An answer.'
      const usage = { promptTokens: 10, completionTokens: 5 }
      return reply<ModelReply>({ text, usage, model: 'm', latencyMs: 900, finish: 'stop' }, '1s')
    },
    { latency: '1s' },
  )
  return {
    complete: (request, { signal, requestId }) => ask({ request, id: requestId }, { signal, id: requestId }),
  }
}

export function graph() {
  const store = new SqliteAnswers({ path: ':memory:', system: realSystem })
  onTestFinished(() => store.close())
  return answers({ model: moodyModel(), store, partitions: 2 })
}

export interface Traced {
  readonly spans: SpanRecord[]
  readonly interceptor: (pod: string, system: TestKit['system']) => Interceptor
}

export function traced(share?: number): Traced {
  const spans: SpanRecord[] = []
  const interceptor: Traced['interceptor'] = (_, system) => {
    const traces = new Traces({
      system,
      sink: span => spans.push(span),
      ...(share !== undefined && { share }),
    })
    traces.start()
    onTestFinished(() => traces[Symbol.dispose]())
    return traces.interceptor
  }
  return { spans, interceptor }
}

export const question = (nth: number) => ({ value: { event: { id: `q-${nth}`, title: `Question ${nth}?` } } })

/** Retries wait up to a minute each. */
export async function answered(kit: TestKit): Promise<void> {
  await kit.advance('10m')
  await kit.settle()
}
