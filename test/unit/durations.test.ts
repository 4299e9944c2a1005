/** Every field that takes a duration reads the same forms, and refuses anything else by its name. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { codec } from '#core/codec.ts'
import type { Duration } from '#core/duration.ts'
import { reasonOf } from '#core/errors.ts'
import { LIMIT_NAMES, LIMITS, type LimitOptions, optionNameOf, resolveLimits } from '#core/limits.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { openEmbeddedLog } from '#engine/log/embedded/index.ts'
import type { KafkaLogOptions } from '#engine/log/kafka/index.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import { lmdbStores } from '#engine/state/index.ts'
import { openAi } from '#models/openai.ts'
import { admit } from '#operators/admit.ts'
import { retry } from '#operators/retry.ts'
import { answers } from '#pipelines/answers.ts'
import { failure, hang, reply, scripted, testOperator, testTopology } from '#testing/index.ts'
import { explainText, plan, topology } from '#topology/index.ts'

/** What comes of a field with this duration in it: equal for equal durations, rejected for what is none. */
type Read = (duration: Duration) => unknown

const numbers = codec.json<number>('numbers')

/** A graph with durations in it, in words. */
function graphWith(options: {
  readonly ttl?: Duration
  readonly retention?: Duration
  readonly tiers?: readonly Duration[]
  readonly wait?: Duration
  readonly timeout?: Duration
}): string {
  const { ttl, retention, tiers = ['1s'], wait = 1, timeout } = options
  const p = topology('app')
  const source = p.source('in', {
    value: numbers,
    partitions: 1,
    ...(retention !== undefined && { retention }),
  })
  const later = p.topic('later', { value: numbers, partitions: 1 })
  const keep = operator({
    name: 'keep',
    input: numbers,
    outputs: { out: numbers },
    state: { last: state.value(numbers, ttl === undefined ? {} : { ttl }) },
    limits: timeout === undefined ? {} : { timeout },
    process() {},
  })
  const gather = batchOperator({
    name: 'gather',
    input: numbers,
    batch: { recordsMax: 1, wait },
    processBatch() {},
  })
  source.rekey('by', () => 'a').to(p.topic('keyed', { value: numbers, partitions: 1 }))
  later
    .process('keep', keep)
    .delay({ tiers })
    .to(p.topic('end', { value: numbers }))
  later.process('gather', gather)
  return explainText(plan(p.build()))
}

const timedOut = (timeout: Duration) => {
  const call = scripted<number, number>(() => hang())
  const waiting = operator({
    name: 'waiting',
    input: numbers,
    limits: { timeout },
    async process(record, ctx) {
      await call(record.value, ctx)
    },
  })
  return testOperator(waiting, { key: 'a', value: 1 }).catch(reasonOf)
}

const setting = (after: Duration) =>
  testOperator(
    operator({
      name: 'setting',
      input: numbers,
      timers: ['due'],
      process: (_, ctx) => ctx.timers.set('due', { after }),
    }),
    { key: 'a', value: 1 },
    { now: 5 },
  ).then(({ timers }) => timers)

const postponing = (after: Duration) =>
  testOperator(
    operator({
      name: 'postponing',
      input: numbers,
      outputs: { out: numbers },
      process: ({ value }, ctx) => ctx.emit('out', value, { notBefore: { after } }),
    }),
    { key: 'a', value: 1 },
    { now: 5 },
  ).then(({ emissions }) => emissions[0]?.notBefore)

const GRAPH: Readonly<Record<string, Read>> = {
  ttl: ttl => graphWith({ ttl }),
  retention: retention => graphWith({ retention }),
  tier: tier => graphWith({ tiers: [tier] }),
  wait: wait => graphWith({ wait }),
  timeout: timeout => graphWith({ timeout }),
}

const LIMIT_FIELDS = Object.fromEntries(
  LIMIT_NAMES.filter(name => LIMITS[name].unit === 'ms').map((name): [string, Read] => {
    const option = optionNameOf(name)
    return [option, duration => resolveLimits({ [option]: duration } as LimitOptions)]
  }),
)

const KAFKA_FIELDS = Object.fromEntries(
  [
    'transactionTimeout',
    'undecidedMax',
    'connectTimeout',
    'requestTimeout',
    'unavailableAfter',
    'fetchWait',
  ].map((field): [string, Read] => [
    field,
    duration => settingsOf({ brokers: [], clientId: 'a', [field]: duration } as KafkaLogOptions),
  ]),
)

async function embedded(options: object): Promise<string> {
  const log = await openEmbeddedLog({ path: mkdtempSync(join(tmpdir(), 'durations-')), ...options })
  await log.close()
  return 'opened'
}

const copies = (options: object) => {
  lmdbStores({ path: tmpdir(), ...options })
  return 'declared'
}

const KIT_FIELDS: Readonly<Record<string, Read>> = {
  advance: async duration => {
    await using kit = await testTopology(topologyOfNothing())
    const begun = kit.now
    await kit.advance(duration)
    return kit.now - begun
  },
  within: async within => {
    await using kit = await testTopology(topologyOfNothing())
    return kit.until(() => false, { within }).catch(reasonOf)
  },
  latency: duration => typeof scripted(() => 1, { latency: duration }),
  after: duration => [reply(1, duration), failure(1, duration)],
  delay: async duration => {
    await using kit = await testTopology(topologyOfNothing())
    kit.faults.delayMarkers(duration)
  },
}

function topologyOfNothing() {
  const p = topology('app')
  p.source('in', { value: numbers, partitions: 1 })
    .map('same', numbers, value => value)
    .to(p.topic('out', { value: numbers, partitions: 1 }))
  return p.build()
}

const taskTypes = {}
const defaults = { threshold: 6, attemptsMax: 3 }
const model = scripted<never, never>([])
const PRODUCT_FIELDS: Readonly<Record<string, Read>> = {
  window: window => admit({ window }).state.seen?.ttl,
  base: base => typeof retry({ taskTypes, defaults, base, cap: '1h' }),
  cap: cap => typeof retry({ taskTypes, defaults, base: 1, cap }),
  tier: tier => explainText(plan(answers({ model: { complete: model }, delayTiers: [tier] }))),
  timeout: timeout => typeof openAi({ baseUrl: 'http://127.0.0.1:1/v1', model: 'm', timeout }),
  connectTimeout: connectTimeout =>
    typeof openAi({ baseUrl: 'http://127.0.0.1:1/v1', model: 'm', connections: { connectTimeout } }),
}

const FIELDS: readonly (readonly [where: string, field: string, read: Read])[] = [
  ...rows('the graph', GRAPH),
  ...rows('a context', { after: setting }),
  ...rows('an output', { after: postponing }),
  ...rows('the limits', LIMIT_FIELDS),
  ...rows('Kafka', KAFKA_FIELDS),
  ...rows('the embedded log', {
    sweepInterval: sweepInterval => embedded({ sweepInterval }),
    tombstoneRetention: tombstoneRetention => embedded({ tombstoneRetention }),
  }),
  ...rows('local copies', {
    outOfTouchMax: outOfTouchMax => copies({ outOfTouchMax }),
    flushDelay: flushDelay => copies({ flushDelay }),
  }),
  ...rows('the kit', KIT_FIELDS),
  ...rows('the pipeline', PRODUCT_FIELDS),
]

function rows(where: string, fields: Readonly<Record<string, Read>>) {
  return Object.entries(fields).map(([field, read]) => [where, field, read] as const)
}

const settled = async (read: () => unknown): Promise<unknown> => read()

describe.each(FIELDS)('in %s, %s', (_where, field, read) => {
  it('reads a text as the milliseconds that it says', async () => {
    expect(await settled(() => read('1m'))).toEqual(await settled(() => read(60_000)))
  })

  it.each(['30 sec', '1w', -1, 0.5, Number.NaN])(
    'refuses %s by its name, and says what to write',
    async wrong => {
      const refusal = settled(() => read(wrong as Duration))
      await expect(refusal).rejects.toThrow(field)
      await expect(refusal).rejects.toThrow(/'30s'/)
    },
  )
})

test('the time-out of an operator may be a text', async () => {
  expect(await timedOut('90s')).toContain('node waiting took longer than 90000 ms')
})

test('an option by its former name with the unit is refused, with the name to write', () => {
  expect(() => resolveLimits({ timeoutMs: 5 } as LimitOptions)).toThrow(
    "there is no limit timeoutMs; write timeout: '30s', or milliseconds",
  )
})
