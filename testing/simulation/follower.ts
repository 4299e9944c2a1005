/** Reads a topic as it grows, for checks of what is trimmed before the run ends. */
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { follow } from '#engine/log/read-topic.ts'

export class Follower {
  /** What was read, by partition. */
  readonly records: LogRecord[][]

  constructor(log: Log, system: System, topic: string, partitions: number) {
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    this.records = places.map(() => [])
    const from = places.map(() => 0)
    this.#read(follow(log, places, { system, from })).catch(() => undefined) // What it lacks, the check tells.
  }

  async #read(chunks: ReturnType<typeof follow>): Promise<void> {
    for await (const { partition, records } of chunks) this.records[partition]?.push(...records)
  }
}
