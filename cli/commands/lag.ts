/** `caudal lag`: how far each stage is behind its sources. */

import { type LagRow, lagByPartition, lagByTopic, storedLag } from '#admin/lag.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { count, table } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'

export const lag = command({
  positionals: [],
  options: {
    partitions: { type: 'boolean', description: 'a line for each partition instead of each topic' },
    json: { type: 'boolean', description: 'one JSON object a line' },
    graph: graphOption,
  },
  examples: [
    'caudal lag',
    'caudal lag --graph ./triage.ts',
    'KAFKA_BROKERS=localhost:9092 caudal lag --partitions --json',
  ],
  run: context =>
    withLog(
      context,
      async ({ log, plan }) => {
        const { options, stdout } = context
        const lags = await storedLag(log, plan)
        const rows = options.partitions ? lagByPartition(lags) : lagByTopic(lags)
        const lines = options.json ? rows.map(row => JSON.stringify(row)) : tableOf(rows)
        stdout.write(`${lines.join('\n')}\n`)
        return EXIT.ok
      },
      context.options,
    ),
})

function tableOf(rows: readonly LagRow[]): readonly string[] {
  const numbers = ['position', 'end', 'lag'].map(title => ({ title, align: 'right' as const }))
  return table(
    [{ title: 'stage' }, { title: 'topic' }, ...numbers],
    rows.map(({ stage, topic, partition, position, end, lag }) => [
      stage,
      partition === undefined ? topic : `${topic}/${partition}`,
      count(position),
      count(end),
      count(lag),
    ]),
  )
}
