/** Delivered answers in a file of SQLite, beside the embedded log: nothing has to be installed. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { System } from '#core/system.ts'
import { answerOf, COLUMN_NAMES, COLUMNS, newestById, rowOf } from '../answer-rows.ts'
import type { AnswerPair, AnswerStore, AnswersWanted, StoredAnswer } from '../answers.ts'
import type { Organization } from '../organization.ts'
import {
  type Dialect,
  idsOf,
  pairSumsIn,
  pairSumsOf,
  pairsIn,
  pairsWith,
  rangeValues,
  sideValues,
  sliceOf,
  slicesIn,
  versionOf,
  versionsIn,
} from '../version-rows.ts'
import type {
  ComparisonWanted,
  PairSums,
  PairsWanted,
  SlicesWanted,
  VersionRow,
  VersionSlice,
  VersionsWanted,
} from '../versions.ts'
import { BUSY_MS, tried } from './trouble.ts'

/** The file of the database, and its clock. */
export interface SqliteOptions {
  /** The file; it is made where it is missing. */
  readonly path: string
  readonly system: System
}

/** A statement holds up the event loop: so many rows take about two milliseconds. */
const ROWS_MAX = 100
/** The version of the schema below; a file of a newer one is not touched. */
const SCHEMA_VERSION = 1

const TYPES = {
  text: 'TEXT',
  json: 'TEXT',
  number: 'REAL',
  integer: 'INTEGER',
  flag: 'INTEGER',
  time: 'INTEGER',
}
const ABSENT = ['user_id', 'content', 'structured', 'cost_usd', 'trace_id']

const SCHEMA = `
CREATE TABLE IF NOT EXISTS response_event (
${COLUMN_NAMES.map(name => `  ${name} ${TYPES[COLUMNS[name]]}${name === 'id' ? ' PRIMARY KEY' : ''}${ABSENT.includes(name) ? '' : ' NOT NULL'}`).join(',\n')}
) STRICT;
CREATE INDEX IF NOT EXISTS response_event_question ON response_event (organization_id, question_hash, ts DESC);
CREATE INDEX IF NOT EXISTS response_event_time ON response_event (organization_id, ts DESC, id DESC);
PRAGMA user_version = ${SCHEMA_VERSION};`

const SAVE = `
INSERT INTO response_event (${COLUMN_NAMES.join(', ')})
SELECT ${COLUMN_NAMES.map(name => `value ->> '$.${name}'`).join(', ')} FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET ${COLUMN_NAMES.filter(name => name !== 'id')
  .map(name => `${name} = excluded.${name}`)
  .join(', ')}
WHERE excluded.ts > response_event.ts`

const PAGE = `
SELECT * FROM response_event
WHERE organization_id = :organization AND (:since IS NULL OR ts >= :since)
  AND (:taskType IS NULL OR task_type = :taskType) AND (:below IS NULL OR final < :below)
  AND (:text IS NULL OR instr(lower(title || char(10) || coalesce(content, '') || char(10) || answer), lower(:text)) > 0)
  AND (:ts IS NULL OR (ts, id) < (:ts, :id))
ORDER BY ts DESC, id DESC LIMIT :limit`

const DIALECT: Dialect = { value: number => `?${number}`, ms: column => column, time: value => value }
const VERSIONS = versionsIn(DIALECT)
const SLICES = slicesIn(DIALECT)
const PAIRS = pairsIn(DIALECT)
const PAIR_SUMS = pairSumsIn(DIALECT)
const BY_ID = 'SELECT * FROM response_event WHERE id IN (SELECT value FROM json_each(?))'

/**
 * WAL lets readers go on while a batch is written. A batch is cut into pieces, and the event loop has its turn between
 * them. Throws where the file cannot be opened or is of a newer version.
 */
export class SqliteAnswers implements AnswerStore {
  readonly #system: System
  readonly #database: DatabaseSync
  readonly #save: StatementSync
  readonly #get: StatementSync
  readonly #newest: StatementSync
  readonly #page: StatementSync

  constructor({ path, system }: SqliteOptions) {
    this.#system = system
    this.#database = new DatabaseSync(path, { timeout: BUSY_MS })
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
    const version = Number(this.#database.prepare('PRAGMA user_version').get()?.user_version)
    if (version > SCHEMA_VERSION)
      throw new TypeError(
        `${path} has schema ${version}, this version knows ${SCHEMA_VERSION}: run the newer version, or remove the file, which is made again from the log`,
      )
    this.#database.exec(SCHEMA)
    this.#save = this.#database.prepare(SAVE)
    this.#get = this.#database.prepare('SELECT * FROM response_event WHERE organization_id = ? AND id = ?')
    this.#newest = this.#database.prepare(
      'SELECT * FROM response_event WHERE organization_id = ? AND question_hash = ? ORDER BY ts DESC, id DESC LIMIT 1',
    )
    this.#page = this.#database.prepare(PAGE)
  }

  async save(answers: readonly StoredAnswer[]): Promise<void> {
    const rows = newestById(answers).map(rowOf)
    for (let from = 0; from < rows.length; from += ROWS_MAX) {
      if (from > 0) await new Promise<void>(resolve => this.#system.defer(resolve))
      const piece = JSON.stringify(rows.slice(from, from + ROWS_MAX))
      tried(this.#system, () => this.#save.run(piece))
    }
  }

  async get(organization: Organization, id: string): Promise<StoredAnswer | undefined> {
    return this.#one(() => this.#get.get(organization, id))
  }

  async newestOf(organization: Organization, questionHash: string): Promise<StoredAnswer | undefined> {
    return this.#one(() => this.#newest.get(organization, questionHash))
  }

  async page(organization: Organization, wanted: AnswersWanted): Promise<readonly StoredAnswer[]> {
    const { since, taskType, below, text, after, limit } = wanted
    const rows = tried(this.#system, () =>
      this.#page.all({
        organization,
        since: since ?? null,
        taskType: taskType ?? null,
        below: below ?? null,
        text: text ?? null,
        ts: after?.deliveredAt ?? null,
        id: after?.id ?? null,
        limit,
      }),
    )
    return rows.map(answerOf)
  }

  async versions(
    organization: Organization | undefined,
    wanted: VersionsWanted,
  ): Promise<readonly VersionRow[]> {
    return this.#all(VERSIONS, rangeValues(organization, wanted)).map(versionOf)
  }

  async versionSlices(
    organization: Organization | undefined,
    wanted: SlicesWanted,
  ): Promise<readonly VersionSlice[]> {
    return this.#all(SLICES, [...rangeValues(organization, wanted), wanted.widthMs]).map(sliceOf)
  }

  async versionPairs(
    organization: Organization | undefined,
    wanted: PairsWanted,
  ): Promise<readonly AnswerPair[]> {
    const { after, limit } = wanted
    const page = [after?.change ?? null, after?.questionHash ?? null, limit]
    const rows = this.#all(PAIRS, [...sideValues(organization, wanted), ...page])
    return pairsWith(rows, this.#all(BY_ID, [JSON.stringify(idsOf(rows))]).map(answerOf))
  }

  async versionPairSums(organization: Organization | undefined, wanted: ComparisonWanted): Promise<PairSums> {
    const [row = {}] = this.#all(PAIR_SUMS, sideValues(organization, wanted))
    return pairSumsOf(row)
  }

  close(): void {
    this.#database.close()
  }

  #all(text: string, values: readonly (string | number | null)[]): readonly Record<string, unknown>[] {
    return tried(this.#system, () => this.#database.prepare(text).all(...values))
  }

  #one(read: () => Readonly<Record<string, unknown>> | undefined): StoredAnswer | undefined {
    const row = tried(this.#system, read)
    return row && answerOf(row)
  }
}
