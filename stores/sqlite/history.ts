/** The history of questions in a file of SQLite, beside the answers. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { System } from '#core/system.ts'
import { costOf, EVENT_COLUMNS, eventOf, eventRow } from '../event-rows.ts'
import type { CostRow, CostsWanted, HistoryStore, RunPlace, RunsWanted, TaskEvent } from '../history.ts'
import type { Organization } from '../organization.ts'
import { costsBy, FIRSTS, OF_RUNS, RUN_INDEX } from './history-queries.ts'
import { BUSY_MS, tried } from './trouble.ts'

/** The file of the database, its clock, and how long events are kept. */
export interface SqliteHistoryOptions {
  readonly path: string
  readonly system: System
  /** Events older than this are removed. */
  readonly keptMs: number
}

const ROWS_MAX = 100
/** So many writes later, what is too old is removed. */
const WRITES_A_SWEEP = 200

const SCHEMA = `
CREATE TABLE IF NOT EXISTS task_event (
  record_id TEXT NOT NULL, organization_id TEXT NOT NULL, task_id TEXT NOT NULL, task_type TEXT NOT NULL,
  at INTEGER NOT NULL, rank INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
  PRIMARY KEY (at, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS task_event_task ON task_event (organization_id, task_id, at, rank);
${RUN_INDEX}`

const APPEND = `
INSERT INTO task_event (${EVENT_COLUMNS.join(', ')})
SELECT ${EVENT_COLUMNS.map(name => `value ->> '$.${name}'`).join(', ')} FROM json_each(?) WHERE true
ON CONFLICT DO NOTHING`

/** A sweep removes by age alone: the key begins with the time, so that it reads no more than it removes. */
export class SqliteHistory implements HistoryStore {
  readonly #options: SqliteHistoryOptions
  readonly #database: DatabaseSync
  readonly #append: StatementSync
  readonly #of: StatementSync
  readonly #firsts: StatementSync
  readonly #ofRuns: StatementSync
  readonly #sweep: StatementSync
  #writes = 0

  constructor(options: SqliteHistoryOptions) {
    this.#options = options
    this.#database = new DatabaseSync(options.path, { timeout: BUSY_MS })
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
    this.#database.exec(SCHEMA)
    this.#append = this.#database.prepare(APPEND)
    this.#of = this.#database.prepare(
      'SELECT * FROM task_event WHERE organization_id = ? AND task_id = ? ORDER BY at, rank, record_id',
    )
    this.#firsts = this.#database.prepare(FIRSTS)
    this.#ofRuns = this.#database.prepare(OF_RUNS)
    this.#sweep = this.#database.prepare('DELETE FROM task_event WHERE at < ?')
  }

  async append(events: readonly TaskEvent[]): Promise<void> {
    const { system, keptMs } = this.#options
    for (let from = 0; from < events.length; from += ROWS_MAX) {
      if (from > 0) await new Promise<void>(resolve => system.defer(resolve))
      const piece = JSON.stringify(events.slice(from, from + ROWS_MAX).map(eventRow))
      tried(system, () => this.#append.run(piece))
      if (this.#writes++ % WRITES_A_SWEEP === 0)
        tried(system, () => this.#sweep.run(Math.floor(system.now() - keptMs)))
    }
  }

  async of(organization: Organization, taskId: string): Promise<readonly TaskEvent[]> {
    return tried(this.#options.system, () => this.#of.all(organization, taskId)).map(eventOf)
  }

  async firsts(wanted: RunsWanted): Promise<readonly TaskEvent[]> {
    const { organization, taskType, text, since, until, after, limit } = wanted
    const rows = tried(this.#options.system, () =>
      this.#firsts.all({
        organization: organization ?? null,
        taskType: taskType ?? null,
        text: text ?? null,
        since: since ?? null,
        until: until ?? null,
        at: after?.at ?? null,
        recordId: after?.recordId ?? null,
        limit,
      }),
    )
    return rows.map(eventOf)
  }

  async ofRuns(runs: readonly RunPlace[]): Promise<readonly TaskEvent[]> {
    const places = JSON.stringify(runs.map(({ organization, taskId }) => [organization, taskId]))
    return tried(this.#options.system, () => this.#ofRuns.all(places)).map(eventOf)
  }

  async costs({ by, organization, from, to }: CostsWanted): Promise<readonly CostRow[]> {
    const statement = this.#database.prepare(costsBy(by))
    const values = { from, to, organization: organization ?? null }
    return tried(this.#options.system, () => statement.all(values)).map(costOf)
  }

  close(): void {
    this.#database.close()
  }
}
