/** The settings of a local broker. What differs from Kafka's defaults says why. */
import { join } from 'node:path'
import { HOST, KAFKA_USER, PORTS, portsOf } from './addresses.ts'
import { KEY_STORE, KEY_STORE_PASSWORD } from './kafka-security.ts'

/** Any 16 bytes in base64 will do; fixed, so that formatting again is harmless. */
export const CLUSTER_ID = 'Y2F1ZGFsLWxvY2FsLTEyMw'

export interface BrokerPlace {
  readonly folder: string
  readonly security: string
  readonly node: number
  readonly brokers: number
  readonly portOffset: number
  /** Beyond those of every local broker. */
  readonly settings?: Readonly<Record<string, string>>
}

export function serverProperties(place: BrokerPlace): string {
  const settings = {
    ...identity(place),
    ...secured(place.security),
    ...sized(place.brokers),
    ...SWIFT,
    ...place.settings,
  }
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}

function identity({ folder, node, brokers, portOffset }: BrokerPlace) {
  const at = (port: number) => `${HOST}:${port + portOffset + node - 1}`
  const listeners = [`PLAINTEXT://${at(PORTS.kafka)}`, `SECURE://${at(PORTS.kafkaSecure)}`].join(',')
  return {
    'process.roles': 'broker,controller',
    'node.id': node,
    'controller.quorum.voters': portsOf(PORTS.kafkaController + portOffset, brokers)
      .map((port, index) => `${index + 1}@${HOST}:${port}`)
      .join(','),
    listeners: `${listeners},CONTROLLER://${at(PORTS.kafkaController)}`,
    'advertised.listeners': listeners,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
  }
}

function secured(security: string) {
  const { username, password } = KAFKA_USER
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`
  return {
    'listener.name.secure.ssl.keystore.location': join(security, KEY_STORE),
    'listener.name.secure.ssl.keystore.password': KEY_STORE_PASSWORD,
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': plain,
    'listener.name.secure.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.secure.scram-sha-512.sasl.jaas.config': scram,
  }
}

function sized(brokers: number) {
  const replicas = Math.min(brokers, 3)
  const inSyncMin = Math.max(1, replicas - 1)
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSyncMin,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSyncMin,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSyncMin,
  }
}

/** A broker for one developer starts and answers quickly, and lets tests use short sessions. */
const SWIFT = {
  'auto.create.topics.enable': false,
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.num.partitions': 8,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  'log.cleaner.backoff.ms': 1000,
  'num.network.threads': 2,
  'num.io.threads': 4,
} as const

/** Warnings and errors only; a broker tells a lot. */
export const LOGGING = {
  file: 'logging.properties',
  text: [
    'status = error',
    'appender.out.type = Console',
    'appender.out.name = out',
    'appender.out.layout.type = PatternLayout',
    'appender.out.layout.pattern = %d %p %m (%c)%n',
    'rootLogger.level = warn',
    'rootLogger.appenderRef.out.ref = out',
    '',
  ].join('\n'),
} as const
