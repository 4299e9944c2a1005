/** The loggers of programs that bring none of their own. */

/** Where log lines go. The host passes one in; `fields` are data of the line. */
export interface Logger {
  /** For somebody who looks for the cause of trouble. */
  debug(message: string, fields?: object): void
  /** What happened as it should. */
  info(message: string, fields?: object): void
  /** Trouble that passes by itself, or that does not stop the work. */
  warn(message: string, fields?: object): void
  /** Trouble that a person must act on. */
  error(message: string, fields?: object): void
}

import { reasonOf } from './errors.ts'
/** Says nothing. `caudal` exports it as `silentLogger`. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A logger whose lines have these fields too; those of a line go before. They are asked for at each line. */
export function withFields(logger: Logger, fields: () => object): Logger {
  const both = (own?: object) => ({ ...fields(), ...own })
  return {
    debug: (message, own) => logger.debug(message, both(own)),
    info: (message, own) => logger.info(message, both(own)),
    warn: (message, own) => logger.warn(message, both(own)),
    error: (message, own) => logger.error(message, both(own)),
  }
}

/** A logger of one part of the program, named as its folder is. */
export const inPart = (logger: Logger, part: string): Logger => withFields(logger, () => ({ part }))

/** Writes what a person should know to the standard error output, a line each. */
export const warnings: Logger = {
  ...silent,
  warn: (message, fields) => void process.stderr.write(lineOf('warning', message, fields)),
  error: (message, fields) => void process.stderr.write(lineOf('error', message, fields)),
}

/** Fields are JSON, and errors among them their messages, so that no text of somebody else's begins a line. */
function lineOf(level: string, message: string, fields: object = {}): string {
  const told = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`)
  return `caudal ${level}: ${message.replaceAll('\n', ' ')}${told.join('')}\n`
}

function textOf(field: unknown): string | undefined {
  return JSON.stringify(field, (_, value: unknown) => {
    if (value instanceof Error) return reasonOf(value)
    return typeof value === 'bigint' ? String(value) : value
  })
}
