/** `caudal explain`: the graph as it is planned, and what became of it since an earlier version. */
import { readFileSync } from 'node:fs'
import { CaudalError, reasonOf } from '#core/errors.ts'
import {
  type Change,
  compare,
  explainMermaid,
  explainText,
  plan,
  summarize,
  type TopologySummary,
} from '#topology/index.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption, topologyFor } from '../graph-file.ts'

export const explain = command({
  name: 'explain',
  summary: 'Shows the graph: stages, operators, state, topics',
  details: 'With --compare the exit code is 3 where a person must act before the newer version starts.',
  positionals: [],
  options: {
    graph: graphOption,
    mermaid: { type: 'boolean', description: 'as a Mermaid flowchart' },
    json: {
      type: 'boolean',
      description: 'as JSON, to be kept beside a release and compared with a later one',
    },
    compare: {
      type: 'string',
      value: 'FILE',
      description: 'what has changed since the version that wrote FILE with --json',
    },
  },
  examples: [
    'caudal explain',
    'caudal explain --mermaid > graph.mmd',
    'caudal explain --json > release.json',
    'caudal explain --compare release.json',
    'caudal explain --graph ./triage.ts',
  ],
  async run({ environment, options, stdout }) {
    const planned = plan(await topologyFor(options, environment))
    if (options.compare !== undefined) {
      const changes = compare(summaryIn(options.compare), summarize(planned))
      const lines = options.json ? changes.map(each => JSON.stringify(each)) : told(changes)
      for (const line of lines) stdout.write(`${line}\n`)
      return changes.every(({ verdict }) => verdict === 'safe') ? EXIT.ok : EXIT.configuration
    }
    const text = options.json
      ? JSON.stringify(summarize(planned), undefined, 2)
      : options.mermaid
        ? explainMermaid(planned)
        : explainText(planned)
    stdout.write(`${text.trimEnd()}\n`)
    return EXIT.ok
  },
})

function told(changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return ['nothing has changed']
  return changes.map(({ what, verdict, remedy }) => `${verdict.padEnd(12)} ${what}: ${remedy}`)
}

function summaryIn(path: string): TopologySummary {
  try {
    const summary: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isSummary(summary)) return summary
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
  throw new CaudalError('REJECTED', { reason: `${path} was not written by caudal explain --json` })
}

const PARTS = ['topics', 'operators', 'stages', 'renamedState'] as const
const LISTS = ['tiers', 'delayedTargets', 'droppedState'] as const

function isSummary(value: unknown): value is TopologySummary {
  if (typeof value !== 'object' || value === null || !('application' in value)) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  const hasParts = PARTS.every(name => typeof fields.get(name) === 'object' && fields.get(name) !== null)
  return hasParts && LISTS.every(name => Array.isArray(fields.get(name)))
}
