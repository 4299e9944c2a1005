/** The cookie of a session: how it is set, and when a request that has one is taken. */
import type { FastifyRequest } from 'fastify'
import type { Cookie } from '../operation.ts'
import { idInCookie } from '../sessions.ts'
import { isEncrypted } from './security-headers.ts'

const NAME = 'caudal_session'

/** The text of the header `Set-Cookie`. No script reads the cookie, and no page of another site sends it. */
export function cookieHeader({ text, maxAgeS }: Cookie, request: FastifyRequest): string {
  const parts = [`${NAME}=${text}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeS}`]
  return [...parts, ...(isEncrypted(request) ? ['Secure'] : [])].join('; ')
}

export function cookieOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const all = (headers.cookie ?? '').split(';').map(part => part.trim())
  const found = all.find(part => part.startsWith(`${NAME}=`))
  return found?.slice(NAME.length + 1)
}

/** Id of the session that the cookie names; whether there is such a session is not known. */
export const cookieSessionOf = (request: FastifyRequest): string | undefined =>
  idInCookie(cookieOf(request) ?? '')

/** A browser says of which origin the page is that changes something; a page of another one must not, by this cookie. */
export function isOfOwnOrigin({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  const { origin = '' } = headers
  return URL.canParse(origin) && new URL(origin).host === headers.host
}
