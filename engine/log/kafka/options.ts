/** What a user may say about the connection to Kafka; each option with its default. */
import type { ConnectionOptions } from 'node:tls'
import { warnings } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { RECORD_BYTES_MAX } from '../log.ts'
import type { Compression } from './compression.ts'

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
  readonly transactionTimeoutMs?: number
  /** The newest version of Kafka's transactions that is used where the brokers have it; 1 keeps to that of older brokers. */
  readonly transactionVersionMax?: 1 | 2
  /** A transaction that does not end and holds readers back for longer than this is logged. */
  readonly undecidedMaxMs?: number
  readonly connectTimeoutMs?: number
  readonly requestTimeoutMs?: number
  /** How long a call goes on trying while brokers are away, before it rejects with LOG_UNAVAILABLE. */
  readonly unavailableAfterMs?: number
  /** Below the `max.message.bytes` of the topics, with room for Kafka's own fields. */
  readonly recordBytesMax?: number
  /** How much one reader fetches ahead. */
  readonly readAheadBytesMax?: number
  /** How long a fetch waits for records at the end of its partitions. */
  readonly fetchWaitMs?: number
  /** Called when brokers cannot be reached or partitions are held up, and when it is over. Left out: the standard error output. */
  readonly warn?: (message: string) => void
  /** Gives up waiting for the first connection. */
  readonly signal?: AbortSignal
}

export type KafkaSettings = Required<Omit<KafkaLogOptions, 'ssl' | 'sasl' | 'signal'>> &
  Pick<KafkaLogOptions, 'ssl' | 'sasl'>

const DEFAULTS = {
  system: realSystem,
  compression: 'none',
  replicationFactor: -1,
  transactionTimeoutMs: 60_000,
  transactionVersionMax: 2,
  undecidedMaxMs: 120_000,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  unavailableAfterMs: 30_000,
  recordBytesMax: RECORD_BYTES_MAX,
  readAheadBytesMax: 1_048_576,
  fetchWaitMs: 200,
  route: (address: string) => address,
  warn: (message: string) => warnings.warn(message),
} as const

export function settingsOf({ signal: _, ...options }: KafkaLogOptions): KafkaSettings {
  return { ...DEFAULTS, ...options }
}
