/** `caudal lag`: how far each stage is behind its sources. */
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { type Lag, storedLag } from '../lag.ts'
import { count, table } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'

interface Row {
  readonly stage: string
  readonly topic: string
  readonly partition?: number
  readonly position: number
  readonly end: number
  readonly lag: number
}

export const lag = command({
  name: 'lag',
  summary: 'Tells how many records wait before each stage, by the positions that its pods have stored',
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
        const rows = rowsOf(await storedLag(log, plan), options.partitions)
        const lines = options.json ? rows.map(row => JSON.stringify(row)) : tableOf(rows)
        stdout.write(`${lines.join('\n')}\n`)
        return EXIT.ok
      },
      context.options,
    ),
})

function rowsOf(lags: readonly Lag[], byPartition: boolean): readonly Row[] {
  const rows = lags.map(lag => ({ ...lag, lag: lag.end - lag.position }))
  if (byPartition) return rows
  const sums = new Map<string, Row>()
  for (const { stage, topic, position, end, lag } of rows) {
    const sum = sums.get(`${stage} ${topic}`) ?? { stage, topic, position: 0, end: 0, lag: 0 }
    sums.set(`${stage} ${topic}`, {
      ...sum,
      position: sum.position + position,
      end: sum.end + end,
      lag: sum.lag + lag,
    })
  }
  return [...sums.values()]
}

function tableOf(rows: readonly Row[]): readonly string[] {
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
