/** Where the reader is: page and view are in the address, so that a link shows the same. */
import { signal } from '@preact/signals-core'

export interface Place {
  readonly page: string
  /** What follows the page in the path: the identity of what is shown. */
  readonly id: string
  readonly query: Readonly<Record<string, string>>
}

/** Of `#/questions?state=failed` and `#/question/an%2Fid`. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [page = '', ...rest] = path.split('/')
  return {
    page: page || 'flow',
    id: decoded(rest.join('/')),
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** What is undefined is left out. An empty value says something: an empty organisation is that of nobody. */
export function linkTo(
  page: string,
  id = '',
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  const search = new URLSearchParams(given).toString()
  return `#/${page}${id === '' ? '' : `/${encodeURIComponent(id)}`}${search === '' ? '' : `?${search}`}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // Somebody wrote the address by hand.
  }
}

export const place = signal<Place>(placeOf(''))

/** Puts what is shown into the address, in the place of what it said: going back leaves the page. */
export function keepInAddress(link: string): void {
  history.replaceState(history.state, '', link)
  place.value = placeOf(link)
}

export function followAddress(): void {
  const look = () => {
    place.value = placeOf(location.hash)
  }
  window.addEventListener('hashchange', look)
  look()
}
