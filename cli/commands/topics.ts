/** `caudal topics`: what the graph needs of the log, compared with what is there. */
import { hasTopics, withoutTopics } from '#admin/access.ts'
import { createMissingTopics, type PlannedTopic, plannedTopics } from '#admin/topics.ts'
import { TOKENS_TOPIC } from '#pipelines/token-topic.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { things } from '../terminal/text-table.ts'
import { type Tool, withLog } from '../tool.ts'

const json = { type: 'boolean', description: 'one JSON object a line' } as const

export const topicsPlan = command({
  positionals: [],
  options: { json, graph: graphOption },
  examples: ['caudal topics plan', 'KAFKA_BROKERS=localhost:9092 caudal topics plan --json'],
  run: context =>
    withLog(
      context,
      async tool => {
        const planned = await plannedTopics(tool.log, tool.plan, besideGraph(tool))
        for (const each of planned)
          context.stdout.write(`${context.options.json ? JSON.stringify(each) : lineOf(each)}\n`)
        if (planned.some(({ action }) => action === 'differs')) return EXIT.configuration
        if (await hasTopics(tool.log, tool.plan)) return EXIT.ok
        context.stderr.write(`${withoutTopics(tool.plan)}\n`)
        return EXIT.notFound
      },
      { doing: 'compares', graph: context.options.graph },
    ),
})

export const topicsApply = command({
  details:
    'Nothing is created when a topic differs from what the graph needs; no topic is ever changed or deleted.',
  positionals: [],
  options: {
    json: { type: 'boolean', description: 'write the result as one JSON object' },
    graph: graphOption,
  },
  examples: [
    'caudal topics apply',
    'caudal topics apply --graph ./triage.ts',
    'KAFKA_BROKERS=localhost:9092 caudal topics apply',
  ],
  run: context =>
    withLog(
      context,
      async tool => {
        const created = await createMissingTopics(tool.log, tool.plan, besideGraph(tool))
        context.stdout.write(
          context.options.json
            ? `${JSON.stringify({ created })}\n`
            : `${things(created.length, 'topic')} created\n`,
        )
        return EXIT.ok
      },
      { doing: 'compares', looks: false, graph: context.options.graph },
    ),
})

/** Pieces of answers are written and read outside the transactions of the graph. */
const besideGraph = ({ isOwn }: Tool) => (isOwn ? [] : [TOKENS_TOPIC])

const SIGNS = { create: '+', keep: ' ', differs: '!' } as const

function lineOf({ topic, action, partitions, compacted, differences }: PlannedTopic): string {
  const shape = `${things(partitions, 'partition')}${compacted ? ', compacted' : ''}`
  return `${SIGNS[action]} ${topic}  ${shape}${differences.length > 0 ? `  differs: ${differences.join('; ')}` : ''}`
}
