/** Kafka as the settings name it, and how long a command waits for brokers that are away. */
import { readFileSync } from 'node:fs'
import { CaudalError } from '#core/errors.ts'
import { inPart, type Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { KafkaLogOptions } from '#engine/log/kafka/index.ts'
import type { Log } from '#engine/log/log.ts'
import { KAFKA_PART } from '#observability/logs/driver-lines.ts'
import { orAborted } from './command/stopping.ts'
import type { Configuration } from './configuration.ts'

/** How long a command that does one thing waits for a broker to answer. */
export const PATIENCE_MS = 30_000

export interface LogOptions {
  readonly system: System
  readonly logger: Logger
  /** Ends the wait for brokers that are away. */
  readonly signal: AbortSignal
  /** Gives up by itself after so long; never where absent. */
  readonly patienceMs?: number
}

/** Rejects with LOG_UNAVAILABLE when patience ends before a broker has answered, and with the signal's reason. */
export async function openKafka(configuration: Configuration, options: LogOptions): Promise<Log> {
  const { system, logger, signal, patienceMs } = options
  // Loaded only where it is used: it changes modules of its library before they load.
  const { openKafkaLog } = await import('#engine/log/kafka/index.ts')
  const patience = new AbortController()
  let last = ''
  const cancel =
    patienceMs === undefined
      ? () => {}
      : system.after(patienceMs, () => patience.abort(silent(configuration, patienceMs, last)))
  const given = AbortSignal.any([signal, patience.signal])
  const opening = openKafkaLog({
    ...kafkaOptionsOf(configuration),
    system,
    signal: given,
    warn: message => {
      last = message
      inPart(logger, KAFKA_PART).warn(message)
    },
  })
  try {
    return await orAborted(opening, given, log => log.close())
  } finally {
    cancel()
  }
}

type KafkaOptions = Omit<KafkaLogOptions, 'system' | 'signal' | 'warn'>

export function kafkaOptionsOf(configuration: Configuration): KafkaOptions {
  const { kafkaBrokers, application, podName, kafkaCompression, kafkaReplication } = configuration
  return {
    brokers: kafkaBrokers,
    clientId: `${application}-${podName}`,
    compression: kafkaCompression,
    replicationFactor: kafkaReplication,
    ...encryptionOf(configuration),
    ...loginOf(configuration),
  }
}

function encryptionOf(configuration: Configuration): Pick<KafkaOptions, 'ssl'> {
  const { kafkaSsl, kafkaSslCaFile, kafkaSslCertificateFile, kafkaSslKeyFile } = configuration
  if (!kafkaSsl) return {}
  const files = { ca: kafkaSslCaFile, cert: kafkaSslCertificateFile, key: kafkaSslKeyFile }
  const read = Object.entries(files).flatMap(([name, path]) =>
    path === '' ? [] : [[name, readFileSync(path)]],
  )
  return { ssl: Object.fromEntries(read) }
}

function loginOf(configuration: Configuration): Pick<KafkaOptions, 'sasl'> {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername, kafkaSaslPassword } = configuration
  if (mechanism === '') return {}
  return { sasl: { mechanism, username: kafkaSaslUsername, password: kafkaSaslPassword } }
}

function silent({ kafkaBrokers, kafkaSsl }: Configuration, patienceMs: number, last: string): CaudalError {
  const encryption = kafkaSsl
    ? 'and whether it is the port of an encrypted listener, or leave out KAFKA_SSL'
    : 'and set KAFKA_SSL=true where the listener is encrypted'
  const reason = `none of ${kafkaBrokers.join(', ')} has answered in ${patienceMs / 1_000} s${last && ` (${last})`}; check KAFKA_BROKERS, ${encryption}`
  return new CaudalError('LOG_UNAVAILABLE', { reason })
}
