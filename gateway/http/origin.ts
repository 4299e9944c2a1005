/** What a request of HTTP says about where it comes from. */
import type { FastifyRequest } from 'fastify'
import type { Origin } from '../caller.ts'

export const originOf = ({ socket, headers }: FastifyRequest): Origin => ({
  address: socket.remoteAddress ?? '',
  host: headers.host ?? '',
  isProxied: headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined,
})
