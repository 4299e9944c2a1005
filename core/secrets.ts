/** Removes secrets from log lines, messages and records. */

/** Shorter ones would blacken ordinary words, and protect nothing. */
const CHARACTERS_MIN = 4
const INSTEAD = '[redacted]'

/** A function that takes these secrets out of any text, also as they look in JSON, in addresses and on web pages. */
export function redactor(
  secrets: readonly string[],
  charactersMin = CHARACTERS_MIN,
): (text: string) => string {
  const forms = secrets.flatMap(secret => [
    secret,
    inJson(secret),
    inJson(inJson(secret)),
    inJsonOfGo(secret),
    encodeURIComponent(secret.toWellFormed()),
    ...onPages(secret),
  ])
  const wanted = [...new Set(forms)].filter(form => form.length >= charactersMin)
  // The longest first: one may be part of another.
  wanted.sort((a, b) => b.length - a.length)
  return text => wanted.reduce((clean, secret) => clean.replaceAll(secret, INSTEAD), text)
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Go escapes in JSON what means something in HTML. */
const inJsonOfGo = (text: string): string =>
  inJson(text).replace(/[<>&]/g, mark => `\\u00${mark.charCodeAt(0).toString(16)}`)

/** Templates differ in how they write the two kinds of quotes. */
function onPages(text: string): readonly string[] {
  const marked = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const quotes = [
    ['&quot;', '&#39;'],
    ['&#34;', '&#39;'],
    ['&quot;', '&#x27;'],
  ] as const
  return [marked, ...quotes.map(([two, one]) => marked.replaceAll('"', two).replaceAll("'", one))]
}

/** Shorter names of users are ordinary words, and no keys. */
const USER_CHARACTERS_MIN = 12

/** What is secret in an address, well formed or not: its password, a user that may be a key, both as HTTP sends them. */
export function secretsOfAddress(address: string): readonly string[] {
  const credentials = credentialsIn(address)
  const query = [...address.matchAll(SECRET_PARAMETER)].flatMap(([, value = '']) => [value, decoded(value)])
  if (credentials === '') return query
  const [user = '', ...rest] = credentials.split(':')
  const password = rest.join(':')
  const sent = `${decoded(user)}:${decoded(password)}`
  const users = password === '' || user.length >= USER_CHARACTERS_MIN ? [user, decoded(user)] : []
  const all = [credentials, sent, Buffer.from(sent).toString('base64'), password, decoded(password), ...users]
  return [...all, ...query]
}

const SECRET_PARAMETER = /[?&][^=&#]*(?:key|token|secret|pass|sig|auth|code)[^=&#]*=([^&#]+)/gi

/** What stands before the last `@`. A password with a `/` in it makes the address unreadable, and must be kept secret all the same. */
function credentialsIn(address: string): string {
  const rest = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const authority = /^[^/?#]*@/.exec(rest) ?? /^[^?]*@/.exec(rest)
  return authority ? authority[0].slice(0, -1) : ''
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
