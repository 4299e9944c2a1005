/** Log lines in a terminal: one JSON object a line, as short as it can be, above the level asked for. */
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { fieldsOrFault } from '#observability/logs/fields.ts'
import { isWritten, type LogLevel, type LogLevels, partOf } from '#observability/logs/levels.ts'

export interface LoggerOptions {
  /** Takes one line, its end included. */
  readonly write: (line: string) => unknown
  readonly levels: LogLevels
  readonly system: System
  /** Whether lines may have what people have asked and models have answered. */
  readonly withContent?: boolean
}

/** Fields are written as in lines for machines, without the part of the program. */
export function jsonLogger({ write: put, levels, system, withContent = false }: LoggerOptions): Logger {
  const write = (own: LogLevel, message: string, given: object = {}) => {
    if (!isWritten(own, partOf(given), levels)) return
    const { part, ...fields } = fieldsOrFault({}, given, withContent)
    const time = new Date(system.now()).toISOString()
    put(`${JSON.stringify({ time, level: own, message, ...fields })}\n`)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}
