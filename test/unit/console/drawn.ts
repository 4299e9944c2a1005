/** Templates of the console as text: what a reader sees and what the page asks with, without a browser. */

/** All strings and values of a template, one behind another. */
export function drawn(value: unknown): string {
  if (Array.isArray(value)) return value.map(drawn).join('')
  if (typeof value === 'function' || typeof value === 'symbol' || value === undefined || value === null)
    return ''
  if (typeof value !== 'object') return String(value)
  const { strings, values } = value as { readonly strings?: readonly string[]; readonly values?: unknown }
  if (!Array.isArray(values)) return ''
  if (strings) return strings.map((text, index) => text + drawn(values[index])).join('')
  // A repeated template: its items, and last the function that draws one.
  const [items, ...makers] = values
  const make = makers.at(-1)
  return Array.isArray(items) && typeof make === 'function'
    ? items.map(item => drawn(make(item))).join('')
    : ''
}

type Listener = (event?: unknown) => void

/** What a template calls on an event, `@click` for instance, in the order of the page. */
export function listeners(value: unknown, name: string): readonly Listener[] {
  if (Array.isArray(value)) return value.flatMap(each => listeners(each, name))
  if (typeof value !== 'object' || value === null) return []
  const { strings, values } = value as { readonly strings?: readonly string[]; readonly values?: unknown }
  if (!strings || !Array.isArray(values)) return []
  return values.flatMap((each, index) =>
    typeof each === 'function' && strings[index]?.endsWith(`${name}=`)
      ? [each as Listener]
      : listeners(each, name),
  )
}
