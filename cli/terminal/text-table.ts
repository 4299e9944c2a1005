/** Tables and figures for a terminal. */
import { cut } from '#core/cut.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Longer cells are cut; as wide as its widest cell when left out. */
  readonly widthMax?: number
}

/** One line for the titles, one for each row; two spaces between columns. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = rows.map(row => columns.map(({ widthMax }, index) => cut(row[index] ?? '', widthMax)))
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...cells].map(row => row[index]?.length ?? 0)),
  )
  return [titles, ...cells].map(row =>
    columns
      .map(({ align }, index) => {
        const text = row[index] ?? ''
        const width = widths[index] ?? 0
        return align === 'right' ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

export const count = (value: number): string => value.toLocaleString('en')
export const dollars = (value: number | undefined): string =>
  value === undefined ? 'cost unknown' : `$${value.toFixed(4)}`
export const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`
export const things = (value: number, name: string): string =>
  `${count(value)} ${name}${value === 1 ? '' : 's'}`
