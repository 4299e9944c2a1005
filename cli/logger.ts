/** Log lines: one JSON object a line, above the level asked for. */
import type { Writable } from 'node:stream'
import { reasonOf } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import type { System } from '#engine/core/system.ts'
import type { LogLevel } from './configuration.ts'

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LoggerOptions {
  readonly stream: Writable
  readonly level: LogLevel
  readonly system: System
}

/** Errors among the fields are written as their messages. */
export function jsonLogger({ stream, level, system }: LoggerOptions): Logger {
  const write = (own: LogLevel, message: string, fields: object = {}) => {
    if (ORDER[own] < ORDER[level]) return
    const time = new Date(system.now()).toISOString()
    const line = JSON.stringify({ time, level: own, message, ...fields }, (_, value) =>
      value instanceof Error ? reasonOf(value) : value,
    )
    stream.write(`${line}\n`)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}
