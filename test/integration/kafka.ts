/** The Kafka driver on the local broker, for tests. */
import { brokerAddresses } from '#deploy/local/addresses.ts'
import { realSystem } from '#engine/core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { KafkaLogOptions } from '#engine/log/kafka/options.ts'
import type { Log } from '#engine/log/log.ts'

export const BROKERS = brokerAddresses(1)

export function openLocalLog(options: Partial<KafkaLogOptions> = {}): Promise<Log> {
  return openKafkaLog({ brokers: BROKERS, clientId: 'caudal-test', system: realSystem, ...options })
}
