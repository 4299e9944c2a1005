/** `caudal topics`: what the graph needs of the log, compared with what is there. */
import type { TopicSpec } from '#engine/log/log.ts'
import { prepareTopics } from '#engine/pod/topic-preparation.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { things } from '../terminal/text-table.ts'
import { hasTopics, type Tool, withLog, withoutTopics } from '../tool.ts'

interface Planned {
  readonly topic: string
  readonly action: 'create' | 'keep' | 'differs'
  readonly partitions: number
  readonly compacted: boolean
  /** How it differs; a person must decide what to do about it. */
  readonly differences: readonly string[]
}

const json = { type: 'boolean', description: 'one JSON object a line' } as const

export const topicsPlan = command({
  name: 'topics plan',
  summary: 'Tells which topics would be created, and which differ from what the graph needs',
  positionals: [],
  options: { json, graph: graphOption },
  examples: ['caudal topics plan', 'KAFKA_BROKERS=localhost:9092 caudal topics plan --json'],
  run: context =>
    withLog(
      context,
      async tool => {
        const planned = await comparedTopics(tool)
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
  name: 'topics apply',
  summary: 'Creates the topics that are missing',
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
        const missing = (await comparedTopics(tool)).filter(({ action }) => action === 'create')
        await prepareTopics(tool.plan, tool.log)
        const created = missing.map(({ topic }) => topic)
        context.stdout.write(
          context.options.json
            ? `${JSON.stringify({ created })}\n`
            : `${things(created.length, 'topic')} created\n`,
        )
        return EXIT.ok
      },
      { doing: 'compares', graph: context.options.graph },
    ),
})

async function comparedTopics({ log, plan }: Tool): Promise<readonly Planned[]> {
  const names = plan.topicSpecs.map(({ name }) => name)
  const there = new Map((await log.describeTopics(names)).map(spec => [spec.name, spec]))
  return plan.topicSpecs.map(wanted => {
    const found = there.get(wanted.name)
    const differences = found
      ? differencesOf(wanted, found, plan.topics.get(wanted.name)?.kind === 'source')
      : []
    const action = !found ? 'create' : differences.length > 0 ? 'differs' : 'keep'
    return {
      topic: wanted.name,
      action,
      partitions: wanted.partitions,
      compacted: wanted.compacted,
      differences,
    }
  })
}

/** How long others keep their records is theirs to say, unless the graph declares it. */
function differencesOf(wanted: TopicSpec, found: TopicSpec, isSource: boolean): readonly string[] {
  return (['partitions', 'compacted', 'retentionMs'] as const)
    .filter(property => wanted[property] !== found[property])
    .filter(property => !isSource || wanted[property] !== undefined)
    .map(property => `${property} is ${found[property]}, wanted is ${wanted[property]}`)
}

const SIGNS = { create: '+', keep: ' ', differs: '!' } as const

function lineOf({ topic, action, partitions, compacted, differences }: Planned): string {
  const shape = `${things(partitions, 'partition')}${compacted ? ', compacted' : ''}`
  return `${SIGNS[action]} ${topic}  ${shape}${differences.length > 0 ? `  differs: ${differences.join('; ')}` : ''}`
}
