/** What calls cost, added up for the page and opened to the questions behind each figure: pure functions. */
import { type Cell, csvOf } from './csv.ts'

export const COST_KEYS = ['organization', 'task_type', 'model', 'prompt_version', 'attempt'] as const
export type CostKey = (typeof COST_KEYS)[number]

/** One line of `GET /costs`. */
export interface CostRow {
  readonly key: string
  readonly calls: number
  readonly tokens: number
  /** Of the calls whose price is known. */
  readonly usd: number
  readonly usd_undelivered: number
  readonly unpriced: number
}

export interface Costs {
  readonly from: string
  readonly to: string
  readonly costs: readonly CostRow[]
}

/** A sum of calls without any known price is no sum: it is not known, and never 0. */
export const knownUsd = ({ calls, unpriced, usd }: Omit<CostRow, 'key'>): number | undefined =>
  calls > 0 && unpriced >= calls ? undefined : usd

export function totalOf(rows: readonly CostRow[]): Omit<CostRow, 'key'> {
  const sum = (figure: (row: CostRow) => number) => rows.reduce((all, row) => all + figure(row), 0)
  return {
    calls: sum(({ calls }) => calls),
    tokens: sum(({ tokens }) => tokens),
    usd: sum(({ usd }) => usd),
    usd_undelivered: sum(row => row.usd_undelivered),
    unpriced: sum(({ unpriced }) => unpriced),
  }
}

/** The field of the list of questions that narrows it to a key. */
const FIELDS: Readonly<Record<CostKey, string>> = {
  organization: 'organization',
  task_type: 'task_type',
  model: 'model',
  prompt_version: 'prompt_version',
  attempt: 'paid_for',
}

/** The questions whose calls a figure is the sum of. An empty key is one too, but for a task type, which has none. */
export function questionsBehind(
  by: CostKey,
  key: string,
  { from, to }: Costs,
  organization?: string,
): string {
  const query = new URLSearchParams({ paid_from: from, paid_to: to })
  if (organization !== undefined) query.set('organization', organization)
  if (by !== 'task_type' || key !== '') query.set(FIELDS[by], key)
  return `#/questions?${query}`
}

const HEAD: readonly Cell[] = ['key', 'calls', 'tokens', 'usd', 'usd_undelivered', 'unpriced', 'from', 'to']

/** A sum that is not known is an empty cell. */
export const costsCsv = (by: CostKey, { from, to, costs }: Costs): string =>
  csvOf([
    HEAD.map(name => (name === 'key' ? by : name)),
    ...costs.map(row => [
      ...[row.key, row.calls, row.tokens, knownUsd(row) ?? ''],
      ...[knownUsd(row) === undefined ? '' : row.usd_undelivered, row.unpriced, from, to],
    ]),
  ])
