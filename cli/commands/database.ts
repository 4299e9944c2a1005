/** `caudal database`: the schema of the database of delivered answers, and its content from the topics. */
import { type RebuiltTopic, rebuild } from '#admin/rebuild.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { migrate, type SchemaStatus, schemaStatus, withConnection } from '#stores/postgres/migrations.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import { configurationOf } from '../environment.ts'
import { openStores } from '../stores.ts'
import { count, table } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'

export const databaseStatus = command({
  details: `The database is that of DATABASE_URL. A change that this version does not know comes from a newer version: pods of
this version wait then, and write nothing.`,
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object' } },
  examples: ['DATABASE_URL=postgres://caudal@localhost/caudal caudal database status'],
  async run(context) {
    const status = await reached(context, schemaStatus)
    const lines = context.options.json ? [JSON.stringify(status)] : linesOf(status)
    context.stdout.write(`${lines.join('\n')}\n`)
    return EXIT.ok
  },
})

export const databaseMigrate = command({
  details: `A pod does the same at its start. Use it where pods may not change the schema. Several may run at a time: one of them
works, and the others find nothing left to do.`,
  positionals: [],
  options: {},
  examples: ['DATABASE_URL=postgres://caudal@localhost/caudal caudal database migrate'],
  async run(context) {
    const ran = await reached(context, migrate)
    const lines = ran.length === 0 ? ['nothing is pending'] : ran.map(name => `applied: ${name}`)
    context.stdout.write(`${lines.join('\n')}\n`)
    return EXIT.ok
  },
})

export const databaseRebuild = command({
  details: `Nothing is removed, and what is there stays: use it for a database that was lost, or that stood in for another. It may run
beside the pods, and again. What the log holds no more is counted as gone, and cannot be written.`,
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object a topic' } },
  examples: [
    'caudal database rebuild',
    'DATABASE_URL=postgres://caudal@localhost/caudal caudal database rebuild',
  ],
  run: context =>
    withLog(context, async tool => {
      const { options, stdout, system, signal } = context
      const { configuration } = tool
      const stores = await openStores(configuration, { system, logger: silent })
      const { answers, history } = stores
      try {
        if (!answers || !history)
          throw new CaudalError('CONFIGURATION_INVALID', {
            faults: 'there is no database: on Kafka DATABASE_URL names it',
          })
        const historyMs = configuration.historyDays * DAY_MS
        const rebuilt = await rebuild(tool, { answers, history, system, historyMs, signal })
        const lines = options.json ? rebuilt.map(each => JSON.stringify(rowOf(each))) : rebuiltTable(rebuilt)
        stdout.write(`${lines.join('\n')}\n`)
        return EXIT.ok
      } finally {
        for (const { close } of stores.resources) await close()
      }
    }),
})

const DAY_MS = 86_400_000

const rowOf = ({ topic, read, written, tooOld, refused, gone }: RebuiltTopic): object => ({
  ...{ topic, read, written, too_old: tooOld, refused, gone },
})

const rebuiltTable = (rebuilt: readonly RebuiltTopic[]): readonly string[] =>
  table(
    [
      { title: 'topic' },
      ...['read', 'written', 'too old', 'refused', 'gone'].map(title => ({ title, align: 'right' as const })),
    ],
    rebuilt.map(each => [
      each.topic,
      ...[each.read, each.written, each.tooOld, each.refused, each.gone].map(count),
    ]),
  )

type Use<T> = Parameters<typeof withConnection<T>>[1]

async function reached<T>({ environment }: Surroundings, use: Use<T>): Promise<T> {
  const { databaseUrl } = configurationOf(environment)
  if (databaseUrl === '')
    throw new CaudalError('CONFIGURATION_INVALID', {
      faults: 'DATABASE_URL is not set; the file in DATA_DIR brings its own schema',
    })
  try {
    return await withConnection(databaseUrl, use)
  } catch (error) {
    throw new CaudalError(
      'UNAVAILABLE',
      { reason: `the database does not answer: ${reasonOf(error)}` },
      error,
    )
  }
}

function linesOf({ applied, pending, unknown }: SchemaStatus): readonly string[] {
  return [
    ...applied.filter(name => !unknown.includes(name)).map(name => `applied: ${name}`),
    ...pending.map(name => `pending: ${name}`),
    ...unknown.map(name => `of a newer version: ${name}`),
  ]
}
