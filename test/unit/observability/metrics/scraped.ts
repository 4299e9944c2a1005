/** Reads what a scrape gives: the value of each series by its name and its labels. */

/** `name{a="b"}` to its value, as the text has it. */
export function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

/** All values of a metric, whatever their labels. */
export const valuesOf = (text: string, name: string): readonly number[] =>
  [...seriesOf(text)]
    .filter(([series]) => series === name || series.startsWith(`${name}{`))
    .map(([, value]) => value)
