/** The schema of the database: files of SQL, each run once, under a lock that one process holds at a time. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import pg, { type ClientBase } from 'pg'

const FOLDER = join(import.meta.dirname, 'migrations')
const CONNECT_MS = 5_000
const TABLE = 'caudal_migrations'
/** Of this project among all advisory locks of the database. */
const LOCK = 715_824_091

/** How the schema of a database compares with the migrations of this version, by their names. */
export interface SchemaStatus {
  readonly applied: readonly string[]
  /** Known here, not yet applied. */
  readonly pending: readonly string[]
  /** Applied by a newer version. */
  readonly unknown: readonly string[]
}

const known = readdirSync(FOLDER)
  .filter(name => name.endsWith('.sql'))
  .map(name => name.slice(0, -'.sql'.length))
  .sort()

/** Reads the status of the schema, and changes nothing. */
export async function schemaStatus(client: ClientBase): Promise<SchemaStatus> {
  const { rows: tables } = await client.query('SELECT to_regclass($1) AS found', [TABLE])
  if (tables[0]?.found === null) return { applied: [], pending: known, unknown: [] }
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${TABLE} ORDER BY id`)
  const applied = rows.map(({ name }) => name)
  return {
    applied,
    pending: known.filter(name => !applied.includes(name)),
    unknown: applied.filter(name => !known.includes(name)),
  }
}

/** Applies what is pending, all or nothing; a process that comes second waits, and finds nothing left to do. */
export async function migrate(client: ClientBase): Promise<readonly string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK])
  try {
    const { unknown } = await schemaStatus(client)
    if (unknown.length > 0) return []
    const ran = await runner({
      dbClient: client,
      dir: FOLDER,
      direction: 'up',
      migrationsTable: TABLE,
      noLock: true,
      log: () => {},
    })
    return ran.map(({ name }) => name)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK])
  }
}

/** One connection, for as long as `use` takes. Rejects as the database does. */
export async function withConnection<T>(url: string, use: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => {}) // The statement that runs then rejects.
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
