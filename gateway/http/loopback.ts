/** Whether a request comes from this machine itself. */
import type { FastifyRequest } from 'fastify'

const LOCAL_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i
const LOCAL_ADDRESS = /^(127\.|::1$|::ffff:127\.)/

/**
 * The address alone is not enough. A proxy on this machine speaks for others. So does a browser that the name of another
 * host has led here. Hence a request that names a proxy or another host is none of this machine.
 */
export function isLocal({ socket, headers }: FastifyRequest): boolean {
  const isProxied = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined
  return !isProxied && LOCAL_ADDRESS.test(socket.remoteAddress ?? '') && LOCAL_NAME.test(headers.host ?? '')
}
