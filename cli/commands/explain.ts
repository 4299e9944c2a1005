/** `caudal explain`: the graph as it is planned, and what became of it since an earlier version. */
import { readFileSync } from 'node:fs'
import { changesSince } from '#admin/explained.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { type Change, explainMermaid, explainText, type Plan, plan, summarize } from '#topology/index.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption, topologyFor } from '../graph-file.ts'

export const explain = command({
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
      const changes = changesIn(options.compare, planned)
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

function changesIn(path: string, planned: Plan): readonly Change[] {
  const changes = changesSince(keptIn(path), planned)
  if (changes) return changes
  throw new CaudalError('REJECTED', { reason: `${path} was not written by caudal explain --json` })
}

function keptIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
}
