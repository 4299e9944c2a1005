/** Tables as CSV (RFC 4180), harmless where a program of tables opens them. */

export type Cell = string | number

/** A text that begins so is taken for a formula by programs of tables; an apostrophe in front makes it a text. */
const FORMULA = /^[=+\-@\t\r]/

export const csvOf = (rows: readonly (readonly Cell[])[]): string =>
  rows.map(row => `${row.map(cellText).join(',')}\r\n`).join('')

/** Numbers are written whole: sums of them are those of the gateway. */
function cellText(cell: Cell): string {
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return `"${text.replaceAll('"', '""')}"`
}
