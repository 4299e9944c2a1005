/** Delivered answers in Postgres. */
import { answerOf, COLUMN_NAMES, COLUMNS, type ColumnType, newestById, rowOf } from '../answer-rows.ts'
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
import type { Database } from './database.ts'

const ARRAYS: Readonly<Record<ColumnType, string>> = {
  text: 'text[]',
  json: 'text[]',
  number: 'float8[]',
  integer: 'int8[]',
  flag: 'boolean[]',
  time: 'float8[]',
}

function givenAs(name: keyof typeof COLUMNS): string {
  const type: ColumnType = COLUMNS[name]
  if (type === 'time') return `to_timestamp(given.${name} / 1000.0)`
  return type === 'json' ? `given.${name}::json` : `given.${name}`
}

/** One statement for a batch of any size: its text, and so its plan, stays the same. */
const SAVE = `
INSERT INTO response_event (${COLUMN_NAMES.join(', ')})
SELECT ${COLUMN_NAMES.map(givenAs).join(', ')}
FROM unnest(${COLUMN_NAMES.map((name, index) => `$${index + 1}::${ARRAYS[COLUMNS[name]]}`).join(', ')})
  AS given (${COLUMN_NAMES.join(', ')})
ON CONFLICT (id) DO UPDATE SET ${COLUMN_NAMES.filter(name => name !== 'id')
  .map(name => `${name} = excluded.${name}`)
  .join(', ')}
WHERE excluded.ts > response_event.ts`

const SELECT = `SELECT ${COLUMN_NAMES.map(name => {
  const type: ColumnType = COLUMNS[name]
  if (type === 'time') return `round(extract(epoch FROM ${name}) * 1000)::float8 AS ${name}`
  return type === 'json' ? `${name}::text` : name
}).join(', ')} FROM response_event`

const PAGE = `${SELECT}
WHERE organization_id = $1 AND ($2::float8 IS NULL OR response_event.ts >= to_timestamp($2::float8 / 1000.0))
  AND ($3::text IS NULL OR task_type = $3) AND ($4::float8 IS NULL OR final < $4)
  AND ($5::text IS NULL OR strpos(lower(concat_ws(chr(10), title, content, answer)), lower($5)) > 0)
  AND ($6::float8 IS NULL OR (response_event.ts, id) < (to_timestamp($6::float8 / 1000.0), $7::text))
ORDER BY response_event.ts DESC, id DESC LIMIT $8`

const DIALECT: Dialect = {
  value: (number, type) => `$${number}::${type === 'text' ? 'text' : 'float8'}`,
  ms: column => `CAST(round(extract(epoch FROM ${column}) * 1000) AS bigint)`,
  time: value => `to_timestamp(${value} / 1000.0)`,
}
const VERSIONS = versionsIn(DIALECT)
const SLICES = slicesIn(DIALECT)
const PAIRS = pairsIn(DIALECT)
const PAIR_SUMS = pairSumsIn(DIALECT)
const BY_ID = `${SELECT} WHERE id = ANY($1::text[])`

/** Delivered answers in Postgres, in a partition for each day. */
export class PostgresAnswers implements AnswerStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async save(answers: readonly StoredAnswer[]): Promise<void> {
    if (answers.length === 0) return
    const rows = newestById(answers).map(rowOf)
    const values = COLUMN_NAMES.map(name => rows.map(row => row[name]))
    await this.#database.query({ name: 'save-answers', text: SAVE, values })
  }

  get(organization: Organization, id: string): Promise<StoredAnswer | undefined> {
    const text = `${SELECT} WHERE organization_id = $1 AND id = $2`
    return this.#one('answer-of-run', text, [organization, id])
  }

  newestOf(organization: Organization, questionHash: string): Promise<StoredAnswer | undefined> {
    const text = `${SELECT} WHERE organization_id = $1 AND question_hash = $2 ORDER BY response_event.ts DESC, id DESC LIMIT 1`
    return this.#one('answer-to-question', text, [organization, questionHash])
  }

  async page(organization: Organization, wanted: AnswersWanted): Promise<readonly StoredAnswer[]> {
    const { since, taskType, below, text, after, limit } = wanted
    const rows = await this.#database.query({
      name: 'page-of-answers',
      text: PAGE,
      values: [organization, since, taskType, below, text, after?.deliveredAt, after?.id, limit],
    })
    return rows.map(answerOf)
  }

  async versions(
    organization: Organization | undefined,
    wanted: VersionsWanted,
  ): Promise<readonly VersionRow[]> {
    return (await this.#all(VERSIONS, rangeValues(organization, wanted))).map(versionOf)
  }

  async versionSlices(
    organization: Organization | undefined,
    wanted: SlicesWanted,
  ): Promise<readonly VersionSlice[]> {
    return (await this.#all(SLICES, [...rangeValues(organization, wanted), wanted.widthMs])).map(sliceOf)
  }

  async versionPairs(
    organization: Organization | undefined,
    wanted: PairsWanted,
  ): Promise<readonly AnswerPair[]> {
    const { after, limit } = wanted
    const page = [after?.change ?? null, after?.questionHash ?? null, limit]
    const rows = await this.#all(PAIRS, [...sideValues(organization, wanted), ...page])
    return pairsWith(rows, (await this.#all(BY_ID, [idsOf(rows)])).map(answerOf))
  }

  async versionPairSums(organization: Organization | undefined, wanted: ComparisonWanted): Promise<PairSums> {
    const [row = {}] = await this.#all(PAIR_SUMS, sideValues(organization, wanted))
    return pairSumsOf(row)
  }

  /** Planned for its values each time: what narrows a range decides how it is read. */
  #all(text: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return this.#database.query({ text, values: [...values] })
  }

  async #one(name: string, text: string, values: unknown[]): Promise<StoredAnswer | undefined> {
    const [row] = await this.#database.query({ name, text, values })
    return row && answerOf(row)
  }
}
