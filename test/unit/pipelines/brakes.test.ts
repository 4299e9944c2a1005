/** Brakes on several pods of the real runtime: no call begins, nothing is spent, failed or bought twice, and all goes on afterwards. */
import { describe, expect, it } from 'vitest'
import { brakesIn, releaseBrake, setBrake } from '#admin/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Delivered } from '#answers/types.ts'
import type { Context } from '#core/context.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { Model, ModelReply } from '#models/model.ts'
import { answers } from '#pipelines/answers.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import type { Topology } from '#topology/topology.ts'

const REPLY: ModelReply = {
  text: 'It cuts the current.',
  usage: { promptTokens: 10, completionTokens: 5 },
  model: 'm',
  latencyMs: 1,
  finish: 'stop',
}
const VERDICT = {
  scores: { exactness: 9, completeness: 9, clarity: 9, concision: 9, usefulness: 9 },
  feedback: 'fine',
}
const ACTOR = { who: 'ada', from: 'a test' }

interface Question {
  readonly id: string
  readonly organization_id?: string
  readonly task_type?: string
}

/** Three pods, a model that answers within 200 ms to 3 s, and a judge that takes half a second. */
async function open({ pods = 3, seed = 1 } = {}) {
  const answer = scripted<string, ModelReply>(() => REPLY, { latency: ['200ms', '3s'] })
  const verdict = scripted<string, ModelReply>(() =>
    reply({ ...REPLY, text: JSON.stringify(VERDICT) }, '500ms'),
  )
  const model = modelOf(answer)
  const graph = answers({ model, judge: modelOf(verdict), partitions: 3 })
  const kit = await testTopology(graph, { pods, seed })
  const ask = (...questions: readonly Question[]) =>
    kit.send(
      TOPICS.raw,
      ...questions.map(question => ({
        bytes: JSON.stringify({ title: `About ${question.id}?`, ...question }),
      })),
    )
  const delivered = () => kit.records(TOPICS.delivered).map(({ value }) => value as Delivered) // The codec of the topic is that.
  const options = { log: kit.log, system: kit.system, actor: ACTOR }
  const brake = (scope: string, until?: number) =>
    kit.wait(setBrake(options, { scope, reason: 'too dear', until }))
  const release = (scope: string) => kit.wait(releaseBrake(options, scope, 'paid'))
  const begun = () => [...answer.calls, ...verdict.calls].map(({ startedAt }) => startedAt)
  return { kit, graph, answer, verdict, ask, delivered, brake, release, begun }
}

const modelOf = (ask: ReturnType<typeof scripted<string, ModelReply>>): Model => ({
  complete: (request, { signal, requestId }) => ask(request.subject ?? '', { signal, id: requestId }),
})

const questions = (count: number, more: Omit<Question, 'id'> = {}): readonly Question[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${more.organization_id ?? 'q'}-${n}`, ...more }))

const callsAfter = (begun: readonly number[], at: number): number => begun.filter(each => each > at).length

/** A pod that looks brakes up where there are none: the bug of a brake that a restart forgets. */
function forgetful(graph: Topology): Topology {
  const operators = graph.operators.map(node => {
    const { operator } = node
    if (!('process' in operator)) return node
    const process: typeof operator.process = (record, ctx) => operator.process(record, blind(ctx))
    return { ...node, operator: { ...operator, process } }
  })
  return { ...graph, operators }
}

function blind(ctx: Context): Context {
  const nothing = { get: () => undefined }
  return new Proxy(ctx, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name, target)
      if (typeof found !== 'function') return found
      if (name !== 'step') return found.bind(target)
      const step: Context['step'] = (step, call, options) =>
        target.step(step, ({ signal, id }) => call({ signal, id, table: () => nothing as never }), options)
      return step
    },
  })
}

describe('a brake', () => {
  it('lets the last call begin within a second, and after its release the first call within two seconds', async () => {
    for (const seed of [1, 2]) {
      const { kit, ask, delivered, brake, release, begun } = await open({ seed })
      await using _ = kit
      await ask(...questions(20))
      await kit.until(() => begun().length > 5)
      await brake('everything')
      const braked = kit.now
      const inFlight = delivered().length
      await ask(...questions(20, { organization_id: 'acme' }))
      await kit.advance('30s')
      expect(callsAfter(begun(), braked + 1_000), `seed ${seed}`).toBe(0)
      expect(delivered().length).toBeGreaterThanOrEqual(inFlight)
      expect(delivered().length).toBeLessThan(40)
      await release('everything')
      const released = kit.now
      await kit.until(() => callsAfter(begun(), released) > 0)
      expect(kit.now - released, `seed ${seed}`).toBeLessThanOrEqual(2_000)
    }
  })

  it('fails nothing, spends no attempt, and makes no call bought twice', async () => {
    const { kit, answer, verdict, ask, delivered, brake, release, begun } = await open()
    await using _ = kit
    await ask(...questions(30))
    await kit.until(() => begun().length > 10)
    await brake('everything')
    await kit.advance('30s')
    await release('everything')
    await kit.until(() => delivered().length === 30)
    await kit.settle()
    expect(kit.records(TOPICS.failed)).toEqual([])
    expect(kit.records(TOPICS.errors)).toEqual([])
    expect(kit.deadLetters()).toEqual([])
    expect(
      new Set(delivered().map(each => `${each.error_attempts}/${each.quality_attempts}/${each.calls}`)),
    ).toEqual(new Set(['0/1/2']))
    expect([answer.boughtTwice, verdict.boughtTwice]).toEqual([[], []])
    expect([answer.calls.length, verdict.calls.length]).toEqual([30, 30])
  })

  it.each([
    ['organization:acme', 10],
    ['task_type:qa', 0],
    ['task_type:summarization', 20],
    ['organization:', 10],
  ])('on %s does not stop the others', async (scope, others) => {
    const { kit, ask, delivered, brake, release } = await open({ pods: 2 })
    await using _ = kit
    await brake(scope)
    await ask(...questions(10, { organization_id: 'acme' }), ...questions(10))
    await kit.advance('15s')
    expect(
      delivered().filter(each => (each.organization_id === 'acme') === (scope === 'organization:')),
    ).toHaveLength(others === 20 ? 10 : others)
    expect(delivered()).toHaveLength(others)
    await release(scope)
    await kit.until(() => delivered().length === 20)
  })

  it('ends at its time', async () => {
    const { kit, ask, begun, brake } = await open()
    await using _ = kit
    const end = kit.now + 10_000
    await brake('everything', end)
    await ask(...questions(5))
    await kit.until(() => begun().length > 0)
    expect(begun()[0]).toBeGreaterThanOrEqual(end)
    expect(kit.now).toBeLessThanOrEqual(end + 2_000)
    expect(await kit.wait(brakesIn(kit.log, kit.now))).toEqual([])
  })

  it('has one line in the history, however long it lasts', async () => {
    const { kit, ask, delivered, brake, release } = await withHistory()
    await using _ = kit
    await brake('everything')
    await ask({ id: 'q' })
    await kit.advance('20s')
    await release('everything')
    await kit.until(() => delivered().length === 1)
    const waits = kit
      .records(TOPICS.recordings)
      .filter(({ value }) => (value as { kind: string }).kind === 'waiting')
    expect(waits).toMatchObject([
      { value: { step: 'generate', reason: expect.stringContaining('too dear') } },
    ])
  })
})

async function withHistory() {
  const opened = await open({ pods: 1 })
  await opened.kit.stop()
  const history = { append: async () => undefined }
  const answer = scripted<string, ModelReply>(() => REPLY)
  await opened.kit.restart(
    answers({
      model: modelOf(answer),
      judge: 'computed',
      threshold: 0,
      partitions: 3,
      history: history as never,
    }),
  )
  return opened
}

describe('a restarted pod', () => {
  const callsOfRestarted = async (next?: (graph: Topology) => Topology) => {
    const { kit, graph, ask, brake, begun } = await open()
    await using _ = kit
    await brake('everything')
    await ask(...questions(20))
    await kit.advance('5s')
    kit.crash()
    await kit.restart(next?.(graph))
    await kit.advance('20s')
    return begun().length
  }

  it('obeys the brakes that were set before', async () => {
    expect(await callsOfRestarted()).toBe(0)
  })

  it('makes calls if it forgets the brakes, and the test sees those calls', async () => {
    expect(await callsOfRestarted(forgetful)).toBeGreaterThan(0)
  })
})

describe('a record of llm.brakes that cannot be read', () => {
  const broken = (kit: Awaited<ReturnType<typeof open>>['kit'], scope: string, text: string) => {
    const record = {
      key: Buffer.from(scope),
      value: Buffer.from(text),
      headers: NO_HEADERS,
      timestamp: kit.now,
    }
    return kit.wait(kit.log.append([{ topic: TOPICS.brakes, partition: 0, records: [record] }]))
  }

  it.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"scope":"everything"}',
    '{"scope":"all","reason":"","who":"","since":1}',
  ])('stops nobody, and is logged and listed: %j', async text => {
    const { kit, ask, delivered } = await open({ pods: 1 })
    await using _ = kit
    await broken(kit, 'everything', text)
    await ask(...questions(3))
    await kit.until(() => delivered().length === 3)
    expect(kit.logs.map(({ message }) => message)).toContain('a record of a table was skipped')
    expect(await kit.wait(brakesIn(kit.log, kit.now))).toMatchObject([
      { scope: 'everything', brake: undefined, fault: expect.any(String) },
    ])
  })

  it('leaves the earlier brake in force', async () => {
    const { kit, ask, begun, brake } = await open({ pods: 1 })
    await using _ = kit
    await brake('everything')
    await broken(kit, 'everything', '{')
    await ask(...questions(3))
    await kit.advance('15s')
    expect(begun()).toEqual([])
    expect(await kit.wait(brakesIn(kit.log, kit.now))).toMatchObject([
      { scope: 'everything', brake: { reason: 'too dear' }, fault: expect.any(String) },
    ])
  })
})
