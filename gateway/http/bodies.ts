/** Bodies of requests: JSON, and for lists a JSON value a line. Nothing else is taken, and nothing compressed. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { asText } from '#core/codec.ts'
import { reasonOf } from '#core/errors.ts'
import { type InputFault, UnreadableLine } from '../schema.ts'
import { jsonFault } from './json-faults.ts'

export const LINES_TYPE = 'application/x-ndjson'

/** `takesLines` says of which routes, by their patterns, the body may be lines. */
export function takeBodies(server: FastifyInstance, takesLines: ReadonlySet<string>): void {
  server.removeAllContentTypeParsers()
  const options = { parseAs: 'buffer' } as const
  server.addContentTypeParser(
    'application/json',
    options,
    ({ headers }: FastifyRequest, body: string | Buffer) =>
      isPlain(headers) ? parsed(body) : refusedBody('FST_ERR_CTP_INVALID_MEDIA_TYPE', 'it is compressed'),
  )
  server.addContentTypeParser(
    LINES_TYPE,
    options,
    ({ headers, routeOptions }: FastifyRequest, body: string | Buffer) =>
      isPlain(headers) && takesLines.has(routeOptions.url ?? '')
        ? linesOf(body)
        : refusedBody('FST_ERR_CTP_INVALID_MEDIA_TYPE', 'no lines are taken here'),
  )
}

const isPlain = (headers: FastifyRequest['headers']): boolean =>
  (headers['content-encoding'] ?? 'identity') === 'identity'

async function parsed(body: string | Buffer): Promise<unknown> {
  try {
    const text = textOf(body)
    const value: unknown = JSON.parse(text)
    const fault = jsonFault(text)
    return fault ? Promise.reject(new BodyFault(fault)) : value
  } catch (error) {
    return refusedBody('FST_ERR_CTP_INVALID_JSON_BODY', reasonOf(error))
  }
}

/** A body that is JSON, and of which one place is at fault. */
export class BodyFault extends TypeError {
  readonly fault: InputFault
  constructor(fault: InputFault) {
    super(fault.reason)
    this.fault = fault
  }
}

/** Empty lines are none. A line that is cut off is a value at fault, and takes no other with it. */
async function linesOf(body: string | Buffer): Promise<readonly unknown[]> {
  try {
    const lines = textOf(body)
      .split('\n')
      .filter(line => line.trim() !== '')
    return lines.map(lineOf)
  } catch (error) {
    return refusedBody('FST_ERR_CTP_INVALID_JSON_BODY', reasonOf(error))
  }
}

function lineOf(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line)
    const fault = jsonFault(line)
    return fault ? new UnreadableLine(`${fault.pointer} ${fault.reason}`) : value
  } catch (error) {
    return new UnreadableLine(reasonOf(error))
  }
}

const textOf = (body: string | Buffer): string => (typeof body === 'string' ? body : asText(body))

/** Rejects as fastify's own parsers do, with the code by which the error becomes a problem. */
const refusedBody = (code: string, reason: string): Promise<never> =>
  Promise.reject(Object.assign(new TypeError(reason), { code }))
