/** Where the local services listen: loopback only, and below the ports that systems hand out by themselves. */
import { resolve } from 'node:path'

/** Data, logs, process ids and downloads; git ignores it. */
export const STACK_FOLDER = resolve(import.meta.dirname, '../../.local')

export const HOST = '127.0.0.1'
export const BROKERS_MAX = 3

export const PORTS = {
  /** Broker n listens on `kafka` + n - 1; the others of Kafka are counted likewise. */
  kafka: 19092,
  kafkaController: 19192,
  /** TLS with SASL: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  kafkaSecure: 19292,
  registry: 18081,
  postgres: 15432,
  redis: 16379,
  prometheus: 19080,
} as const

/** The one user that the secured listener of Kafka knows. A password for loopback guards nothing and may be read here. */
export const KAFKA_USER = { username: 'caudal', password: 'local-only' } as const

export function brokerAddresses(brokers: number, portOffset = 0): readonly string[] {
  return portsOf(PORTS.kafka + portOffset, brokers).map(port => `${HOST}:${port}`)
}

export function secureBrokerAddresses(brokers: number): readonly string[] {
  return portsOf(PORTS.kafkaSecure, brokers).map(port => `${HOST}:${port}`)
}

export const REGISTRY_URL = `http://${HOST}:${PORTS.registry}/apis/ccompat/v7`
export const POSTGRES_URL = `postgres://caudal@${HOST}:${PORTS.postgres}/caudal`
export const PROMETHEUS_URL = `http://${HOST}:${PORTS.prometheus}`
export const REDIS_URL = `redis://${HOST}:${PORTS.redis}`

export function portsOf(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
