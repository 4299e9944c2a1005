/**
 * Every code that a broker can answer with, to each request, once and for ever. After a code that passes the caller of the log
 * gets what it asked for. Otherwise the caller gets an error of the table's meaning, which names the code and what was refused.
 * Once the brokers answer again the same is done.
 */
import { describe, expect, it } from 'vitest'
import { type Meaning, meaningOf, nameOf } from '#engine/log/kafka/broker-codes.ts'
import {
  CODES,
  openScriptedLog,
  PLACE,
  PLACES,
  type Refused,
  readFirst,
  type ScriptedLog,
  startProducer,
  UNAVAILABLE_AFTER_MS,
  write,
} from './scripted-codes.ts'

type Times = 'once' | 'for ever'
/** Codes of errors, any of which is right. */
type Expected = string | readonly string[]
type Expectations = Partial<Record<Meaning, Expected>> & Readonly<Record<number, Expected>>

interface Row extends Omit<Refused, 'code'> {
  readonly what: string
  /** Which the user lacks. */
  readonly right: string
  readonly act: (script: ScriptedLog) => Promise<unknown>
  /** Done before anything is refused. */
  readonly before?: (script: ScriptedLog) => Promise<unknown>
  /** Where it is another outcome than for most requests: by meaning, or by code. */
  readonly once?: Expectations
  readonly forEver?: Expectations
}

const ONCE: Record<Meaning, Expected> = {
  passing: 'done',
  moved: 'done',
  unclear: 'done',
  rights: 'ACCESS_REFUSED',
  fencing: 'BROKER_REFUSED',
  transaction: 'BROKER_REFUSED',
  rejoin: 'BROKER_REFUSED',
  settled: 'BROKER_REFUSED',
  offset: 'BROKER_REFUSED',
  record: 'BROKER_REFUSED',
  configuration: 'BROKER_REFUSED',
  mistake: 'BROKER_REFUSED',
}
const FOR_EVER: Record<Meaning, Expected> = {
  ...ONCE,
  passing: 'LOG_UNAVAILABLE',
  moved: 'LOG_UNAVAILABLE',
  unclear: 'BROKER_REFUSED',
}
/** Another producer takes the id over meanwhile: asked again, until it is clear who has it. */
const TAKES_OVER = {
  once: { fencing: 'done', transaction: 'done' },
  forEver: { fencing: 'LOG_UNAVAILABLE', transaction: 'LOG_UNAVAILABLE' },
} as const
/** The rights to ask what is open. */
const UNCHECKED = { 29: 'TRANSACTION_UNCHECKED', 53: 'TRANSACTION_UNCHECKED' }
const ASKS_WHAT_IS_OPEN = {
  once: { ...TAKES_OVER.once, ...UNCHECKED },
  forEver: { ...TAKES_OVER.forEver, ...UNCHECKED },
} as const
const ABORTED = ['COMMIT_ABORTED', 'BROKER_REFUSED']
/** The next producer writes the same again. */
const WRITES: Expectations = {
  passing: 'COMMIT_ABORTED',
  moved: 'COMMIT_ABORTED',
  transaction: 'COMMIT_ABORTED',
  fencing: 'FENCED',
  unclear: ABORTED,
  rejoin: ABORTED,
  settled: ABORTED,
  offset: ABORTED,
  record: 'refused',
  rights: 'refused',
  configuration: 'refused',
  mistake: 'refused',
}
const ADDS = { ...WRITES, 53: 'ACCESS_REFUSED' }
/** CONCURRENT_TRANSACTIONS: the markers of the transaction before are being written. */
const SOON = { 51: 'done' }
const UNKNOWN: Expected = 'OUTCOME_UNKNOWN'
const ENDS: Record<Exclude<Meaning, 'passing' | 'moved' | 'unclear'>, Expected> = {
  fencing: 'FENCED',
  transaction: UNKNOWN,
  rights: UNKNOWN,
  rejoin: UNKNOWN,
  settled: UNKNOWN,
  offset: UNKNOWN,
  record: UNKNOWN,
  configuration: UNKNOWN,
  mistake: UNKNOWN,
}
const ENDS_FOR_EVER = { ...ENDS, passing: UNKNOWN, moved: UNKNOWN, unclear: UNKNOWN }
/** A reader goes on asking, and says what it waits for. */
const READS = { unclear: 'LOG_UNAVAILABLE' }
const BILLS = { name: 'bills', partitions: 2, compacted: false, retentionMs: undefined }

const read = { what: 'reading', act: readFirst, before: write } as const
const bounds = { what: 'bounds', act: ({ log }: ScriptedLog) => log.bounds(PLACES) }
const describing = { what: 'describing', act: ({ log }: ScriptedLog) => log.describeTopics(['orders']) }
const positions = { what: 'positions', act: ({ log }: ScriptedLog) => log.groupPositions('app', PLACES) }
const writing = { what: 'writing', act: write }
const starting = { what: 'starting a producer', act: startProducer }
const restarting = { what: 'starting a producer again', act: startProducer, before: startProducer }

const ROWS: readonly Row[] = [
  { request: 'Produce', right: 'WRITE', ...writing, once: { ...WRITES, ...SOON }, forEver: WRITES },
  {
    request: 'Produce',
    right: 'WRITE',
    transactionVersion: 1,
    ...writing,
    once: { ...WRITES, ...SOON },
    forEver: WRITES,
  },
  {
    request: 'AddPartitionsToTxn',
    right: 'WRITE',
    transactionVersion: 1,
    ...writing,
    once: { ...ADDS, ...SOON },
    forEver: ADDS,
  },
  { request: 'EndTxn', right: 'WRITE', ...writing, once: ENDS, forEver: ENDS_FOR_EVER },
  {
    request: 'EndTxn',
    right: 'WRITE',
    transactionVersion: 1,
    ...writing,
    once: ENDS,
    forEver: ENDS_FOR_EVER,
  },
  { request: 'InitProducerId', right: 'WRITE', ...starting, ...TAKES_OVER },
  { request: 'FindCoordinator', right: 'DESCRIBE', ...starting, ...ASKS_WHAT_IS_OPEN },
  { request: 'ApiVersions', right: 'DESCRIBE', ...starting },
  {
    request: 'DescribeTransactions',
    right: 'DESCRIBE',
    ...restarting,
    once: { ...ASKS_WHAT_IS_OPEN.once, settled: 'BROKER_REFUSED', 105: 'done' },
    forEver: { ...ASKS_WHAT_IS_OPEN.forEver, settled: 'BROKER_REFUSED', 105: 'done' },
  },
  { request: 'DescribeProducers', right: 'READ', ...restarting, ...ASKS_WHAT_IS_OPEN },
  { request: 'DescribeProducers', right: 'READ', hits: 'partition', ...restarting, ...ASKS_WHAT_IS_OPEN },
  { request: 'Fetch', right: 'READ', ...read, forEver: READS },
  {
    request: 'Fetch',
    right: 'READ',
    hits: 'partition',
    ...read,
    once: { offset: 'done' },
    forEver: { ...READS, offset: 'LOG_UNAVAILABLE' },
  },
  {
    request: 'Metadata',
    right: 'DESCRIBE',
    ...read,
    once: { 3: ['done', 'TOPIC_MISSING'] },
    forEver: { ...READS, 3: 'TOPIC_MISSING' },
  },
  { request: 'Metadata', right: 'DESCRIBE', ...bounds, forEver: { ...READS, 3: 'TOPIC_MISSING' } },
  { request: 'Metadata', right: 'DESCRIBE', ...describing, forEver: { 3: 'done' } },
  { request: 'ListOffsets', right: 'DESCRIBE', ...bounds },
  {
    request: 'DescribeConfigs',
    right: 'DESCRIBE_CONFIGS',
    ...describing,
    forEver: { 91: 'LOG_UNAVAILABLE' },
  },
  {
    request: 'CreateTopics',
    right: 'CREATE',
    what: 'creating',
    act: ({ log }) => log.createTopics([BILLS]),
    // It says that the topic is there, and the topic never comes.
    once: { 36: 'LOG_UNAVAILABLE' },
    forEver: { 36: 'LOG_UNAVAILABLE' },
  },
  {
    request: 'CreatePartitions',
    right: 'ALTER',
    what: 'growing',
    act: ({ log }) => log.growTopic('orders', 3),
  },
  {
    request: 'DeleteRecords',
    right: 'DELETE',
    what: 'trimming',
    act: ({ log }) => log.trim(PLACE, 1),
    before: write,
  },
  { request: 'OffsetFetch', right: 'DESCRIBE', ...positions },
  { request: 'FindCoordinator', right: 'DESCRIBE', ...positions },
]

/** These need no code of a broker. */
const SAYS_NO_CODE = /FENCED|TOPIC_MISSING/
const ASKED_MAX = 150
const CLUSTER_REFUSED = 31
/** By then the markers of a transaction are written. */
const ENDED_MS = 50

function expectedOf({ request, once, forEver }: Row, code: number, times: Times): readonly string[] {
  const meaning = meaningOf(code, request)
  const own = times === 'once' ? once : forEver
  return [own?.[code] ?? own?.[meaning] ?? (times === 'once' ? ONCE : FOR_EVER)[meaning]].flat()
}

/** All that is wrong. */
async function faultsOf(row: Row, code: number, times: Times): Promise<readonly string[]> {
  const script = await openScriptedLog({ ...row, code })
  const { cluster, refusal, warnings } = script
  if (row.before) await script.outcomeOf(row.before)
  refusal.arm(times === 'once' ? 1 : Number.POSITIVE_INFINITY)
  const { code: outcome, message } = await script.outcomeOf(row.act)
  const faults: string[] = []
  const expected = expectedOf(row, code, times)
  if (!expected.includes(outcome)) faults.push(`${outcome} instead of ${expected.join(' or ')}: ${message}`)
  if (refusal.answered === 0 || refusal.answered > ASKED_MAX) faults.push(`asked ${refusal.answered} times`)
  if (outcome !== 'done' && !SAYS_NO_CODE.test(message)) {
    if (!message.includes(nameOf(code))) faults.push(`the code is not named: ${message}`)
    if (!namesRefused(row, code, outcome, message)) faults.push(`the request is not named: ${message}`)
  }
  refusal.arm(0)
  const next = await script.outcomeOf(isWriting(row) ? () => write(script, 'second') : row.act)
  if (next.code !== 'done') faults.push(`not done after that: ${next.message}`)
  await script.time.runFor(isWriting(row) ? ENDED_MS : 0)
  if (isWriting(row)) faults.push(...lostOrDoubled(cluster, outcome))
  await script.close()
  return faults.map(fault => `${nameOf(code)}: ${fault}${warnings.length > 0 ? ` (${warnings})` : ''}`)
}

const isWriting = ({ act }: Row) => act === write

/** What was acknowledged is there once, and nothing of what was not. Of an unknown outcome all is there or nothing. */
function lostOrDoubled({ partitions }: ScriptedLog['cluster'], outcome: string): readonly string[] {
  const first = outcome === 'done' ? ['first'] : []
  const faults = partitions.filter(({ committed, outOfSequence }) => {
    const isRight = String(committed) === String([...first, 'second'])
    return outOfSequence > 0 || !isRight
  })
  return faults.map(({ place, committed }) => `${place.partition} has ${committed} after ${outcome}`)
}

/** By the request, or by the right or the partition that it is for. */
function namesRefused({ request, right }: Row, code: number, outcome: string, message: string): boolean {
  if (outcome === 'BROKER_REFUSED') return message.includes(`refuse ${request} of`)
  if (outcome === 'LOG_UNAVAILABLE') return message.includes(request) || /orders\/0 \w+ /.test(message)
  if (outcome !== 'ACCESS_REFUSED') return /orders|\bapp\b|Produce|Txn/.test(message)
  return message.includes(`refuse ${code === CLUSTER_REFUSED ? request : right} on`)
}

describe.each(ROWS)('$request refused, version $transactionVersion, $hits: $what', row => {
  it.each<Times>(['once', 'for ever'])(
    'every code is answered for as the table means it, %s',
    async times => {
      const faults: string[] = []
      for (const code of CODES) faults.push(...(await faultsOf(row, code, times)))
      expect(faults).toEqual([])
    },
  )
})

it('a producer is not started while nobody describes the topics that it writes', async () => {
  const script = await openScriptedLog({ request: 'Metadata', code: 5 })
  script.refusal.arm(Number.POSITIVE_INFINITY)
  const begun = script.time.system.monotonic()
  const { code, message } = await script.outcomeOf(startProducer)
  expect([code, message]).toEqual([
    'LOG_UNAVAILABLE',
    expect.stringContaining('orders/0 is not described now'),
  ])
  expect(script.time.system.monotonic() - begun).toBeLessThan(2 * UNAVAILABLE_AFTER_MS)
  await script.close()
})
