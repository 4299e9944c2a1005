/** A log on scripted brokers that answer one kind of request with a code: once, or for ever. Time is virtual. */
import { CaudalError, WritesRefused } from '#core/errors.ts'
import { NO_HEADERS, type TopicPartition } from '#core/record.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import { KNOWN_CODES } from '#engine/log/kafka/broker-codes.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { Log } from '#engine/log/log.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { DrawnRefusal, type RequestFault } from '#testing/simulation/driver/request-faults.ts'
import { ScriptedCluster } from '#testing/simulation/driver/scripted-cluster.ts'
import { scriptedConnections } from '#testing/simulation/driver/scripted-connection.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

/** Those of the table, and one that a later broker may know. */
export const CODES = [...KNOWN_CODES, 200]
export const PLACE: TopicPartition = { topic: 'orders', partition: 0 }
export const PLACES = [PLACE, { topic: 'orders', partition: 1 }]
export const UNAVAILABLE_AFTER_MS = 600
/** Of a request as a whole, and of its first partition alone. */
const HITS = { whole: 3, partition: 0 } as const

export interface Refused {
  readonly request: RequestName
  readonly code: number
  readonly hits?: keyof typeof HITS
  readonly transactionVersion?: 1 | 2
}

/** Refuses requests of one kind with a code. */
class FixedRefusal {
  answered = 0
  readonly #request: RequestName
  readonly #refusal: DrawnRefusal
  #left = 0

  constructor({ request, code, hits = 'whole' }: Refused) {
    this.#request = request
    this.#refusal = new DrawnRefusal(code, HITS[hits], false)
  }

  /** So many from now on. */
  arm(times: number): void {
    this.#left = times
  }

  draw(request: RequestName): RequestFault {
    if (request !== this.#request || this.#left <= 0) return { kind: 'none' }
    this.#left--
    this.answered++
    return { kind: 'refused', refusal: this.#refusal }
  }
}

export interface ScriptedLog {
  readonly time: VirtualTime
  readonly cluster: ScriptedCluster
  readonly log: Log
  readonly refusal: FixedRefusal
  /** What the driver has logged. */
  readonly warnings: readonly string[]
  /** What becomes of an act within a minute of virtual time. */
  outcomeOf(act: (script: ScriptedLog) => Promise<unknown>): Promise<Outcome>
  close(): Promise<void>
}

export interface Outcome {
  /** `done`, `refused` by way of WritesRefused, or the code of the error. */
  readonly code: string
  readonly message: string
}

export async function openScriptedLog(refused: Refused): Promise<ScriptedLog> {
  const time = new VirtualTime(1)
  const { transactionVersion = 2 } = refused
  const [system, random] = [time.system, seededRandom(1)]
  const cluster = new ScriptedCluster({ system, random, topics: { orders: 2 }, transactionVersion })
  const refusal = new FixedRefusal(refused)
  const warnings: string[] = []
  const options = {
    brokers: ['broker-1:9092'],
    clientId: 'app',
    system: time.systemFor('app'),
    unavailableAfter: UNAVAILABLE_AFTER_MS,
    requestTimeout: 500,
    transactionTimeout: 5_000,
    warn: (message: string) => void warnings.push(message),
  }
  const log = await time.settle(openKafkaLog(options, scriptedConnections(cluster, refusal)))
  const script: ScriptedLog = {
    time,
    cluster,
    log,
    refusal,
    warnings,
    outcomeOf: act => time.settle(outcomeOf(act(script))),
    close: () => time.settle(log.close()),
  }
  return script
}

async function outcomeOf(attempt: Promise<unknown>): Promise<Outcome> {
  try {
    await attempt
    return { code: 'done', message: '' }
  } catch (error) {
    if (error instanceof WritesRefused)
      return { code: 'refused', message: error.refusals.map(each => each.error.message).join('; ') }
    return { code: error instanceof CaudalError ? error.code : 'no CaudalError', message: String(error) }
  }
}

/** A transaction of a producer of its own, with one value for each partition. */
export async function write({ log }: ScriptedLog, value = 'first'): Promise<void> {
  const producer = await log.startProducer('app', PLACES)
  const record = { key: null, value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0 }
  try {
    await producer.transact(PLACES.map(place => ({ ...place, records: [record] })))
  } finally {
    await producer.close()
  }
}

export async function startProducer({ log }: ScriptedLog): Promise<void> {
  const producer = await log.startProducer('app', PLACES)
  await producer.close()
}

/** The first value of a partition, read from its beginning. */
export async function readFirst({ log }: ScriptedLog): Promise<string> {
  const reader = log.openReader(PLACE, 0)
  try {
    for (;;) {
      const { records } = await reader.next(1)
      if (records[0]) return String(records[0].value)
    }
  } finally {
    reader.close()
  }
}
