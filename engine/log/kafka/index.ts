/** Kafka as the log. `import { openKafkaLog } from 'caudal/kafka'`. */
export { openKafkaLog } from './kafka-log.ts'
export type { KafkaLogOptions } from './options.ts'
