/** `caudal schemas`: the Avro schemas of the graph against the registry, before a version is let loose. */
import { hasTopics, withoutTopics } from '#admin/access.ts'
import type { Log } from '#engine/log/log.ts'
import { checkSchemas, registerSchemas, type SchemaCheck } from '#schemas/avro/deploy.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import type { Configuration } from '../configuration.ts'
import { openRegistry } from '../parts.ts'
import { things } from '../terminal/text-table.ts'
import { withOpenLog } from '../tool.ts'
import { modellessTopology } from '../topology.ts'

export const schemasCheck = command({
  details:
    'Changes nothing. The exit code is 3 when a schema is incompatible. Says so where the application has no topics yet.',
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object a line' } },
  examples: ['caudal schemas check', 'SCHEMA_REGISTRY_URL=http://localhost:8081 caudal schemas check --json'],
  run: context =>
    withRegistry(
      context,
      async (topology, registry, log) => {
        const checks = await checkSchemas(topology, registry)
        for (const check of checks)
          context.stdout.write(`${context.options.json ? JSON.stringify(check) : lineOf(check)}\n`)
        const planned = plan(topology)
        // All of it is new to an application that has never run, and to one whose name was mistyped.
        if (!(await hasTopics(log, planned))) context.stderr.write(`${withoutTopics(planned)}\n`)
        return checks.some(({ state }) => state === 'incompatible') ? EXIT.configuration : EXIT.ok
      },
      { looks: true },
    ),
})

export const schemasRegister = command({
  details: 'With one that is incompatible none is registered. A pod that starts does the same.',
  positionals: [],
  options: { json: { type: 'boolean', description: 'write the result as one JSON object' } },
  examples: ['caudal schemas register', 'SCHEMA_REGISTRY_URL=http://localhost:8081 caudal schemas register'],
  run: context =>
    withRegistry(
      context,
      async (topology, registry) => {
        const ids = await registerSchemas(topology, registry)
        if (context.options.json) {
          context.stdout.write(
            `${JSON.stringify({ registry: registry.address, ids: Object.fromEntries(ids) })}\n`,
          )
          return EXIT.ok
        }
        for (const [subject, id] of ids) context.stdout.write(`${subject}  ${id}\n`)
        context.stdout.write(`${things(ids.size, 'schema')} in ${registry.address}\n`)
        return EXIT.ok
      },
      { looks: false },
    ),
})

function withRegistry<T>(
  surroundings: Surroundings,
  use: (topology: Topology, registry: SchemaRegistry, log: Log) => Promise<T>,
  { looks }: { readonly looks: boolean },
): Promise<T> {
  const using = async (log: Log, configuration: Configuration) =>
    use(modellessTopology(configuration), await openRegistry(configuration, log, surroundings.system), log)
  return withOpenLog(surroundings, using, { looks })
}

const SIGNS = { registered: ' ', new: '+', compatible: '~', incompatible: '!' } as const

function lineOf({ subject, schema, state, reason }: SchemaCheck): string {
  return `${SIGNS[state]} ${subject}  ${schema}  ${state}${reason === undefined ? '' : `: ${reason}`}`
}
