/** Log lines: one JSON object a line, above the level asked for. */
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { LogLevel } from '../configuration.ts'

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LoggerOptions {
  /** Takes one line, its end included. */
  readonly write: (line: string) => unknown
  readonly level: LogLevel
  readonly system: System
}

/** Errors among the fields are written as their messages. */
export function jsonLogger({ write: put, level, system }: LoggerOptions): Logger {
  const write = (own: LogLevel, message: string, fields: object = {}) => {
    if (ORDER[own] < ORDER[level]) return
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
