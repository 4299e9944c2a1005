/** Keeps secrets out of what people and topics get to read. */

/** Shorter ones would blacken ordinary words, and protect nothing. */
const CHARACTERS_MIN = 4
const INSTEAD = '[redacted]'

/** A function that takes these secrets out of any text, also as they look in JSON and in addresses. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap(secret => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
  ])
  const wanted = [...new Set(forms)].filter(form => form.length >= CHARACTERS_MIN)
  // The longest first: one may be part of another.
  wanted.sort((a, b) => b.length - a.length)
  return text => wanted.reduce((clean, secret) => clean.replaceAll(secret, INSTEAD), text)
}

/** User and password of an address, as it has them and decoded. */
export function secretsOfAddress(address: string): readonly string[] {
  const [, credentials = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(address) ?? []
  if (credentials === '') return []
  const password = credentials.slice(credentials.indexOf(':') + 1)
  return [credentials, password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
