/** The history of questions in Postgres: a partition for each day, dropped as a whole when it is too old. */
import type { System } from '#core/system.ts'
import { costOf, EVENT_COLUMNS, eventOf, eventRow } from '../event-rows.ts'
import type { CostRow, CostsWanted, HistoryStore, RunPlace, RunsWanted, TaskEvent } from '../history.ts'
import type { Organization } from '../organization.ts'
import type { Database } from './database.ts'
import { costsBy, FIRSTS, OF_RUNS } from './history-queries.ts'

/** The database, its clock, and how long events are kept. */
export interface PostgresHistoryOptions {
  readonly database: Database
  readonly system: System
  readonly keptMs: number
}

const DAY_MS = 86_400_000
/** Of the making and dropping of partitions, among all advisory locks of the database. */
const LOCK = 715_824_092

const APPEND = `
INSERT INTO task_event (${EVENT_COLUMNS.join(', ')})
SELECT record_id, organization_id, task_id, task_type, to_timestamp(at / 1000.0), rank, kind, detail::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::int[], $7::text[], $8::text[])
  AS given (${EVENT_COLUMNS.join(', ')})
ON CONFLICT DO NOTHING`

const OF = `
SELECT record_id, organization_id, task_id, task_type, round(extract(epoch FROM at) * 1000)::float8 AS at, rank, kind,
  detail::text AS detail
FROM task_event WHERE organization_id = $1 AND task_id = $2 ORDER BY task_event.at, rank, record_id LIMIT 20000`

const PARTITIONS = `
SELECT relid::regclass::text AS name FROM pg_partition_tree('task_event') WHERE isleaf`

/**
 * The partitions of today and tomorrow are made before the first event of a day. An event of another day goes to the
 * partition of the rest, as one that was asked long ago does.
 */
export class PostgresHistory implements HistoryStore {
  readonly #options: PostgresHistoryOptions
  /** The day for which partitions were seen to. */
  #day: number | undefined

  constructor(options: PostgresHistoryOptions) {
    this.#options = options
  }

  async append(events: readonly TaskEvent[]): Promise<void> {
    if (events.length === 0) return
    await this.#seeToPartitions()
    const rows = events.map(eventRow)
    const values = EVENT_COLUMNS.map(name => rows.map(row => row[name]))
    await this.#options.database.query({ name: 'append-events', text: APPEND, values })
  }

  async of(organization: Organization, taskId: string): Promise<readonly TaskEvent[]> {
    const { database } = this.#options
    const rows = await database.query({ name: 'events-of-task', text: OF, values: [organization, taskId] })
    return rows.map(eventOf)
  }

  async firsts(wanted: RunsWanted): Promise<readonly TaskEvent[]> {
    const { organization, taskType, text, since, until, after, limit } = wanted
    const place = [after?.at ?? null, after?.recordId ?? null]
    const values = [organization, taskType, text, since, until].map(value => value ?? null)
    const query = { name: 'first-events', text: FIRSTS, values: [...values, ...place, limit] }
    return (await this.#options.database.query(query)).map(eventOf)
  }

  async ofRuns(runs: readonly RunPlace[]): Promise<readonly TaskEvent[]> {
    const values = [runs.map(({ organization }) => organization), runs.map(({ taskId }) => taskId)]
    const query = { name: 'events-of-runs', text: OF_RUNS, values }
    return (await this.#options.database.query(query)).map(eventOf)
  }

  async costs({ by, organization, from, to }: CostsWanted): Promise<readonly CostRow[]> {
    const query = { text: costsBy(by), values: [from, to, organization ?? null] }
    return (await this.#options.database.query(query)).map(costOf)
  }

  async #seeToPartitions(): Promise<void> {
    const { database, system, keptMs } = this.#options
    const now = system.now()
    const day = Math.floor(now / DAY_MS)
    if (this.#day === day) return
    const oldest = partitionOf(Math.floor((now - keptMs) / DAY_MS))
    const found = (await database.query({ text: PARTITIONS })).map(({ name }) => String(name))
    const old = found.filter(name => /^task_event_\d{8}$/.test(name) && name < oldest)
    const wanted = [day, day + 1].filter(each => !found.includes(partitionOf(each)))
    const statements = [
      ...wanted.flatMap(partitionMade),
      ...old.map(name => `DROP TABLE IF EXISTS ${name}`),
      `DELETE FROM task_event_other WHERE at < to_timestamp(${Math.floor((now - keptMs) / 1_000)})`,
    ]
    // One message is one transaction: two processes that begin a day together take turns.
    const text = [`SELECT pg_advisory_xact_lock(${LOCK})`, ...statements].join(';\n')
    await database.query({ text })
    this.#day = day
  }
}

const dateOf = (day: number): string => `${new Date(day * DAY_MS).toISOString().slice(0, 10)} 00:00:00+00`
const partitionOf = (day: number): string =>
  `task_event_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`

/** What the partition of the rest has of the day moves along: no row may be in two places, or in the wrong one. */
function partitionMade(day: number): readonly string[] {
  const [name, from, to] = [partitionOf(day), dateOf(day), dateOf(day + 1)]
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (LIKE task_event)`,
    `WITH moved AS (DELETE FROM task_event_other WHERE at >= '${from}' AND at < '${to}' RETURNING *) INSERT INTO ${name} SELECT * FROM moved`,
    `ALTER TABLE task_event ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  ]
}
