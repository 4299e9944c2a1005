/** Where the log lines of a process go, and what they look like: short ones in a terminal, whole ones for machines. */
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { driverLines } from '#observability/logs/driver-lines.ts'
import { type LogLevels, levelsOf } from '#observability/logs/levels.ts'
import { lineLog } from '#observability/logs/line-log.ts'
import type { Screen } from './command/command.ts'
import type { Configuration } from './configuration.ts'
import { jsonLogger } from './logger.ts'

export interface LoggingOptions {
  readonly stdout: Pick<Screen, 'isTTY'>
  readonly stderr: Pick<Screen, 'write'>
  readonly system: System
}

/** Disposing of it writes what is held back. */
export interface ProcessLog extends Disposable {
  readonly logger: Logger
}

/** The log of a command, on the standard error output. */
export function openLogLines(configuration: Configuration, options: LoggingOptions): ProcessLog {
  const { stderr, stdout, system } = options
  const write = (line: string) => stderr.write(line)
  const levels = levelsIn(configuration)
  const withContent = configuration.logContent === 'on'
  const isShort = (configuration.logFormat || (stdout.isTTY ? 'short' : 'json')) === 'short'
  return isShort
    ? withDriver(jsonLogger({ write, levels, system, withContent }))
    : withDriver(machineLog(configuration, { write, levels, system, withContent }))
}

export const levelsIn = ({ logLevel }: Configuration): LogLevels =>
  levelsOf(logLevel) ?? { level: 'info', parts: [] }

interface Lines {
  readonly write: (line: string) => unknown
  readonly levels: LogLevels
  readonly system: System
  readonly withContent: boolean
}

function machineLog({ application, podName }: Configuration, lines: Lines) {
  return lineLog({ ...lines, always: { application, pod: podName } })
}

function withDriver(logger: Logger & Partial<Disposable>): ProcessLog {
  const driver = driverLines(logger)
  return {
    logger,
    [Symbol.dispose]: () => {
      driver[Symbol.dispose]()
      logger[Symbol.dispose]?.()
    },
  }
}
