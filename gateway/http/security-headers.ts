/** Headers that keep a browser from taking a reply for more than data. */
import type { FastifyReply, FastifyRequest } from 'fastify'

const HEADERS: Readonly<Record<string, string>> = {
  // A reply is data: nothing in it is run, shown in a frame or loaded. The console has a policy of its own.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

const ONE_YEAR_S = 31_536_000

/** No origin is allowed by CORS: pages of other sites read nothing. */
export function secureReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(HEADERS)
  if (isEncrypted(request)) reply.header('strict-transport-security', `max-age=${ONE_YEAR_S}`)
}

/** Whether the client speaks TLS, to the proxy in front as a rule. */
export const isEncrypted = ({ protocol, headers }: FastifyRequest): boolean =>
  protocol === 'https' || headers['x-forwarded-proto'] === 'https'
