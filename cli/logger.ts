/** Log lines in a terminal: one JSON object a line, as short as it can be, above the level asked for. */
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { withoutContent } from '#observability/logs/fields.ts'
import { isWritten, type LogLevel, type LogLevels } from '#observability/logs/levels.ts'

export interface LoggerOptions {
  /** Takes one line, its end included. */
  readonly write: (line: string) => unknown
  readonly levels: LogLevels
  readonly system: System
  /** Whether lines may have what people have asked and models have answered. */
  readonly withContent?: boolean
}

interface Fields {
  readonly part?: string
}

/** Errors among the fields are written as their messages. */
export function jsonLogger({ write: put, levels, system, withContent }: LoggerOptions): Logger {
  const write = (own: LogLevel, message: string, { part, ...given }: Fields = {}) => {
    if (!isWritten(own, part, levels)) return
    const fields = withContent ? given : withoutContent(given)
    const time = new Date(system.now()).toISOString()
    const line = JSON.stringify({ time, level: own, message, ...fields }, (_, value) =>
      value instanceof Error ? reasonOf(value) : value,
    )
    put(`${line}\n`)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}
