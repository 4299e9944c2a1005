/** The global tables of one pod: each followed outside the group, read through snapshots. */
import { CaudalError } from '#core/errors.ts'
import type { Limits } from '#core/limits.ts'
import type { Logger } from '#core/loggers.ts'
import type { TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { GlobalTable, type TableSnapshot } from './global-table.ts'
import { TableFollower } from './table-follower.ts'

export type TablePosition = TopicPartition & { readonly offset: number }

export class PodTables {
  readonly #tables = new Map<string, GlobalTable<unknown>>()
  readonly #followers: TableFollower[] = []

  constructor(
    plan: Plan,
    log: Log,
    system: System,
    limits: Limits,
    logger: Logger,
    failed: (error: unknown) => void,
  ) {
    for (const name of plan.tables) {
      const node = plan.topics.get(name)
      if (!node) throw new CaudalError('INTERNAL', { reason: `table ${name} is not in the plan` })
      const report = (error: CaudalError) =>
        logger.warn('a record of a table was skipped', { table: name, error })
      const table = new GlobalTable({
        topic: name,
        codec: node.codec,
        entriesMax: limits.tableEntriesMax,
        report,
      })
      const { partitions } = node
      const fetchRecordsMax = limits.fetchRecordsMax
      this.#tables.set(name, table)
      this.#followers.push(new TableFollower({ log, system, table, partitions, fetchRecordsMax, failed }))
    }
  }

  /** Resolves once every table was read to the ends that it had at the start. */
  async start(): Promise<void> {
    for (const follower of this.#followers) follower.start()
    await Promise.all(this.#followers.map(({ ready }) => ready))
  }

  /** Up to where each partition of each table was read. */
  get positions(): readonly TablePosition[] {
    return this.#followers.flatMap(({ topic, positions }) =>
      positions.map((offset, partition) => ({ topic, partition, offset })),
    )
  }

  /** Records that could not be read; their keys kept the values that they had. */
  get skipped(): number {
    let skipped = 0
    for (const table of this.#tables.values()) skipped += table.skipped
    return skipped
  }

  snapshot(name: string): TableSnapshot<unknown> {
    const table = this.#tables.get(name)
    if (!table) throw new CaudalError('INTERNAL', { reason: `table ${name} is not followed` })
    return table.snapshot()
  }

  close(): void {
    for (const follower of this.#followers) follower.close()
  }
}
