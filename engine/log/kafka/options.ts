/** What a user may say about the connection to Kafka; each option with its default. */
import type { ConnectionOptions } from 'node:tls'
import { type Duration, type Durations, inMs } from '#core/duration.ts'
import { warnings } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { RECORD_BYTES_MAX } from '../log.ts'
import type { Compression } from './compression.ts'

/** Options of `openKafkaLog`. Only `brokers` and `clientId` are required. */
export interface KafkaLogOptions {
  /** Addresses `host:port` to begin with; the cluster tells the others. */
  readonly brokers: readonly string[]
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string
  /** Left out: the machine's own time and randomness. */
  readonly system?: System
  /** Where to connect instead of an address that the cluster gives: tunnels, forwarded ports, proxies. */
  readonly route?: (address: string) => string
  /** Encrypts; `true` trusts what Node trusts, an object gives certificates. */
  readonly ssl?: boolean | ConnectionOptions
  /** How the process logs in to the brokers; no login when left out. */
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
  /** Of what is written; what is read may be either. */
  readonly compression?: Compression
  /** Copies of each partition of topics that are created; the brokers' default where absent. */
  readonly replicationFactor?: number
  /** A producer that is silent in a transaction for so long is fenced by the brokers. Readers wait for it till then. */
  readonly transactionTimeout?: Duration
  /** The newest version of Kafka's transactions that is used where the brokers have it; 1 keeps to that of older brokers. */
  readonly transactionVersionMax?: 1 | 2
  /** A transaction that does not end and holds readers back for longer than this is logged. */
  readonly undecidedMax?: Duration
  /** How long a connection may take to open. */
  readonly connectTimeout?: Duration
  /** How long a broker may take to answer a request. */
  readonly requestTimeout?: Duration
  /** How long a call goes on trying while brokers are away, before it rejects with LOG_UNAVAILABLE. */
  readonly unavailableAfter?: Duration
  /** Below the `max.message.bytes` of the topics, with room for Kafka's own fields. */
  readonly recordBytesMax?: number
  /** How much one reader fetches ahead. */
  readonly readAheadBytesMax?: number
  /** How long a fetch waits for records at the end of its partitions. */
  readonly fetchWait?: Duration
  /** Called when brokers cannot be reached or partitions are held up, and when it is over. Left out: the standard error output. */
  readonly warn?: (message: string) => void
  /** Gives up waiting for the first connection. */
  readonly signal?: AbortSignal
}

/** The options with every default filled in; durations are in milliseconds. */
export type KafkaSettings = Required<Omit<KafkaLogOptions, 'ssl' | 'sasl' | 'signal' | TimeName>> &
  Durations<`${TimeName}Ms`> &
  Pick<KafkaLogOptions, 'ssl' | 'sasl'>

type TimeName = keyof typeof TIMES

const TIMES = {
  transactionTimeout: 60_000,
  undecidedMax: 120_000,
  connectTimeout: 5_000,
  requestTimeout: 10_000,
  unavailableAfter: 30_000,
  fetchWait: 200,
} as const

const DEFAULTS = {
  system: realSystem,
  compression: 'none',
  replicationFactor: -1,
  transactionVersionMax: 2,
  recordBytesMax: RECORD_BYTES_MAX,
  readAheadBytesMax: 1_048_576,
  route: (address: string) => address,
  warn: (message: string) => warnings.warn(message),
} as const

/** Throws CONFIGURATION_INVALID with every duration that cannot be read. */
export function settingsOf(options: KafkaLogOptions): KafkaSettings {
  const { signal, transactionTimeout, undecidedMax, connectTimeout, ...more } = options
  const { requestTimeout, unavailableAfter, fetchWait, ...others } = more
  return { ...DEFAULTS, ...others, ...inMs<TimeName>(options, TIMES) }
}
