/** The Kafka driver on the local broker, for tests. */

import { realSystem } from '#core/system.ts'
import { brokerAddresses } from '#deploy/local/addresses.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { metadataRequest } from '#engine/log/kafka/metadata-request.ts'
import { Network } from '#engine/log/kafka/network.ts'
import { type KafkaLogOptions, settingsOf } from '#engine/log/kafka/options.ts'
import { Outage } from '#engine/log/kafka/outage.ts'
import { wireRequest } from '#engine/log/kafka/wire.ts'
import type { Log } from '#engine/log/log.ts'

export const BROKERS = brokerAddresses(1)

export function openLocalLog(options: Partial<KafkaLogOptions> = {}): Promise<Log> {
  return openKafkaLog({ brokers: BROKERS, clientId: 'caudal-test', system: realSystem, ...options })
}

/** Deletes a topic as an administrator does; it is gone from the metadata when this resolves. */
export async function deleteTopic(name: string): Promise<void> {
  const settings = settingsOf({ brokers: BROKERS, clientId: 'caudal-test-admin', system: realSystem })
  const network = new Network(settings, new Outage(() => undefined))
  const deletion = wireRequest({
    apiKey: 20,
    apiVersion: 1,
    apiName: 'DeleteTopics',
    sizeBytes: 256,
    write(writer) {
      writer.int32(1)
      writer.string(name)
      writer.int32(10_000)
    },
    read(reader) {
      reader.int32()
      return reader.array(() => [reader.string(), reader.int16()] as const)
    },
  })
  try {
    const [[, code] = [name, -1]] = await network.send(await network.anyNode(), deletion)
    if (code !== 0) throw new TypeError(`${name} was not deleted: code ${code}`)
    // The controller answers; the broker applies the deletion a moment later.
    const known = async () => (await network.send(await network.anyNode(), metadataRequest([name]))).topics
    while ((await known()).has(name));
  } finally {
    network.close()
  }
}
