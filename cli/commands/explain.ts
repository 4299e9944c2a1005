/** `caudal explain`: the graph as it is planned. */
import { explainMermaid, explainText, summarize } from '#topology/index.ts'
import { command, EXIT } from '../command.ts'
import { configurationOf } from '../configuration.ts'
import { planOf } from '../pipeline.ts'

export const explain = command({
  name: 'explain',
  summary: 'Shows the graph: stages, operators, state, topics',
  positionals: [],
  options: {
    mermaid: { type: 'boolean', description: 'as a Mermaid flowchart' },
    json: {
      type: 'boolean',
      description: 'as JSON, to be kept beside a release and compared with a later one',
    },
  },
  examples: ['caudal explain', 'caudal explain --mermaid > graph.mmd'],
  async run({ environment, options, stdout }) {
    const plan = planOf(configurationOf(environment))
    const text = options.json
      ? JSON.stringify(summarize(plan), undefined, 2)
      : options.mermaid
        ? explainMermaid(plan)
        : explainText(plan)
    stdout.write(`${text.trimEnd()}\n`)
    return EXIT.ok
  },
})
