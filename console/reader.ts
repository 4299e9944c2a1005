/** Who looks at the console, and what the reader may do: logging in by a key, and out again. */
import { signal } from '@preact/signals-core'
import { ask, isLoggedOut, Refusal, retryNow, send } from './api.ts'
import { after } from './clock.ts'
import type { Reader, Scope } from './shapes.ts'

const AGAIN_MS = 2_000

/** Nothing before the gateway has answered, and before the first log-in. It stays when a session ends: so does what was typed. */
export const reader = signal<Reader | undefined>(undefined)
/** Why it is not known who looks, other than that nobody has logged in. */
export const readerRefusal = signal<Refusal | undefined>(undefined)

export const mayDo = (scope: Scope): boolean => reader.value?.scopes.includes(scope) ?? false

/** Whether the reader sees every organisation, as the user of the gateway's own machine does. */
export const seesAll = (): boolean => mayDo('operate') && reader.value?.organization === ''

/** Asks until the gateway says who it is, or that nobody has logged in. */
export async function recognise(): Promise<void> {
  const answer = await ask<Reader>('/whoami')
  if (!(answer instanceof Refusal)) return welcome(answer)
  if (isLoggedOut.value) return
  readerRefusal.value = answer
  after(AGAIN_MS, () => void recognise())
}

/** The key is sent once and kept nowhere: what stays is a cookie that no script can read. */
export async function logIn(key: string): Promise<Refusal | undefined> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const made = await ask('/sessions', { method: 'POST', headers, body: '{}' })
  if (made instanceof Refusal) return made
  const answer = await ask<Reader>('/whoami')
  if (answer instanceof Refusal) return answer
  welcome(answer)
  return undefined
}

/** Nothing of what was seen stays on the page: the next reader may be another. */
export async function logOut(session: string): Promise<Refusal | undefined> {
  const answer = await send('DELETE', `/sessions/${session}`, {})
  if (answer instanceof Refusal && !isLoggedOut.value) return answer
  location.reload()
  return undefined
}

function welcome(found: Reader): void {
  const before = reader.peek()
  if (before && !(before.organization === found.organization && before.key === found.key)) location.reload()
  readerRefusal.value = undefined
  reader.value = found
  isLoggedOut.value = false
  retryNow()
}
