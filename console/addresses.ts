/** Addresses of the gateway for ids of any spelling. */

/** Every browser takes these out of a path: they go into the query, of routes that differ. */
const isDots = (id: string): boolean => id === '.' || id === '..'

/** What is known of a run; without an organisation, of the reader's. */
export function taskAddress(id: string, part: 'history' | 'events', organization?: string): string {
  const query = new URLSearchParams(isDots(id) ? { id } : {})
  if (organization !== undefined) query.set('organization', organization)
  const path = isDots(id) ? `/tasks/${part}` : `/task/${encodeURIComponent(id)}/${part}`
  return query.size === 0 ? path : `${path}?${query}`
}

/** What an operator has stored under a key. */
export const stateAddress = (operator: string, key: string): string =>
  isDots(operator) || isDots(key)
    ? `/state?${new URLSearchParams({ operator, record_key: key })}`
    : `/state/${encodeURIComponent(operator)}/${encodeURIComponent(key)}`
