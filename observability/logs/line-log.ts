/** Log lines for machines, by pino: one JSON object a line, with who wrote it, without secrets and content, and few that are equal. */
import { pino } from 'pino'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { fieldsOrFault } from './fields.ts'
import { isWritten, type LogLevel, type LogLevels, partOf } from './levels.ts'
import { Repeats } from './repeats.ts'

export interface LineLogOptions {
  /** Takes one line, its end included. */
  readonly write: (line: string) => unknown
  readonly levels: LogLevels
  readonly system: System
  /** Fields of each line, such as the pod; they go before a line's own. */
  readonly always?: object
  /** Whether lines may have what people have asked and models have answered. */
  readonly withContent?: boolean
}

/** A logger of a process. Disposing of it writes what is held back; it is usable afterwards. */
export interface LineLog extends Logger, Disposable {}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Lines are written from the level on that the part of the program has; the field `part` names it. */
export function lineLog(options: LineLogOptions): LineLog {
  const { system, always = {}, levels, withContent = false } = options
  const lines = pino(pinoOptions(options), { write: options.write })
  const repeats = new Repeats(system)
  const log = (level: LogLevel, message: string, fields: object = {}) => {
    if (!isWritten(level, partOf(fields), levels)) return
    const written = fieldsOrFault(always, fields, withContent)
    const kind = [level, written.part, message, written.code].join('\n')
    repeats.line(kind, repeated => lines[level](repeated ? { ...written, repeated } : written, message))
  }
  const each = LEVELS.map(level => [level, (message: string, fields?: object) => log(level, message, fields)])
  const logger: Logger = Object.fromEntries(each) // One function for each of its four levels.
  return { ...logger, [Symbol.dispose]: () => repeats[Symbol.dispose]() }
}

const pinoOptions = ({ system }: LineLogOptions) => ({
  level: 'debug',
  base: null,
  messageKey: 'message',
  timestamp: () => `,"time":"${new Date(system.now()).toISOString()}"`,
  formatters: { level: (level: string) => ({ level }) },
})
