/** Removes secrets from log lines, messages and records. */

/** Shorter ones would blacken ordinary words, and protect nothing. */
const CHARACTERS_MIN = 4
const INSTEAD = '[redacted]'

/** Escapes that JSON does not need. The needed ones are in the forms of a secret. */
const ESCAPES = /\\[u/\\]/

/** Takes secrets out of texts. */
export interface Redactor {
  (text: string): string
  /** How many characters at the end of a text may be the beginning of a secret, of which the rest is still to come. */
  open(text: string): number
}

/** Takes these secrets out of any text, also as they look in JSON, in addresses, in base64 and on web pages. */
export function redactor(secrets: readonly string[], charactersMin = CHARACTERS_MIN): Redactor {
  const isLong = (text: string) => text.length >= charactersMin
  const forms = [...new Set(secrets.flatMap(formsOf))].filter(isLong)
  // The longest first: one may be part of another.
  forms.sort((a, b) => b.length - a.length)
  const escaped = [...new Set(secrets)].filter(isLong).map(escapedForms)
  const redact = (text: string): string => {
    const clean = forms.reduce((left, form) => left.replaceAll(form, INSTEAD), text)
    return ESCAPES.test(clean) ? escaped.reduce((left, form) => left.replace(form, INSTEAD), clean) : clean
  }
  return Object.assign(redact, {
    open: (text: string) => forms.reduce((open, form) => Math.max(open, openOf(text, form)), 0),
  })
}

/** Characters at the end of the text with which the form begins; not the whole form. */
function openOf(text: string, form: string): number {
  const [first = ''] = form
  let at = text.indexOf(first, Math.max(0, text.length - form.length + 1))
  while (at >= 0 && !form.startsWith(text.slice(at))) at = text.indexOf(first, at + 1)
  return at < 0 ? 0 : text.length - at
}

function formsOf(secret: string): readonly string[] {
  const json = inJson(secret)
  const plain = [secret, json, inJson(json), json.replaceAll('/', '\\/')]
  return [...plain, ...percentForms(secret), ...base64Forms(secret), ...onPages(secret)]
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Senders of forms escape more marks, and some write the digits with small letters. */
function percentForms(secret: string): readonly string[] {
  const address = encodeURIComponent(secret.toWellFormed())
  const form = address.replace(/[!'()*]/g, percent)
  return [address, form].flatMap(each => [each, each.replace(/%../g, code => code.toLowerCase())])
}

const percent = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`

/**
 * Three bytes are four characters of base64. So there are three forms, by the number of bytes before the secret: `Bearer `
 * before a key, a name before a password. Characters that a byte beside the secret has a part in are left out.
 */
function base64Forms(secret: string): readonly string[] {
  const forms = [0, 1, 2].map(before => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
    const own = Math.floor((bytes.length * 8) / 6)
    return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), own)
  })
  return forms.flatMap(form => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}

/** Each character as it is, behind backslashes, or as its number: `\/` of PHP, `\u003c` of Go, JSON inside of JSON. */
function escapedForms(secret: string): RegExp {
  const characters = secret.split('').map(character => {
    const digits = character.charCodeAt(0).toString(16).padStart(4, '0')
    const number = digits.replace(/[a-f]/g, digit => `[${digit}${digit.toUpperCase()}]`)
    const self = character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
    return `(?:\\\\{0,8}${self}|\\\\{1,8}u${number})`
  })
  return new RegExp(characters.join(''), 'g')
}

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
const SECRET_HEADER = /key|token|secret|pass|sig|auth|code|cookie/i

/** What is secret in `NAME=VALUE`, more of them after commas, escaped or not: values of names that say so, and long values. */
export function secretsOfHeaders(headers: string): readonly string[] {
  return headers.split(',').flatMap(pair => {
    const [, name = '', found = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
    const value = found.trim()
    const words = [value, decoded(value)].flatMap(each => [each, each.split(/\s+/).at(-1) ?? ''])
    return words.filter(word => SECRET_HEADER.test(name) || word.length >= USER_CHARACTERS_MIN)
  })
}

/** What stands before the last `@`. A password with a `/` in it makes the address unreadable, and must be kept secret all the same. */
function credentialsIn(address: string): string {
  const rest = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const authority = /^[^/?#]*@/.exec(rest) ?? /^[^?]*@/.exec(rest)
  return authority ? authority[0].slice(0, -1) : ''
}

/** Without its percent signs of addresses; the text itself where one of them is no such sign. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
