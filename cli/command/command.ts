/** What a command is: data about itself and one function, given everything that it may touch. */
import type { Readable, Writable } from 'node:stream'
import type { System } from '#core/system.ts'

/** Exit codes, the same for all commands; docs/cli.md has them too. */
export const EXIT = {
  ok: 0,
  /** Something broke that nobody foresaw. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Settings or graph have faults, or differ from what the log holds: a person must act. */
  configuration: 3,
  /** The log is in use by another process, or does not answer: try again later. */
  unavailable: 4,
  /** What was asked for is not there. */
  notFound: 5,
  /** A task is blocked: a person must act before the rest of the work can be done. */
  blocked: 6,
  /** The work is done, and some of it failed or was invalid; only with --fail-if-any. */
  someFailed: 7,
  /** Stopped by a signal before the work was done. */
  interrupted: 130,
  /** The reader of the output has ended before all was written. A shell shows the same for SIGPIPE. */
  unread: 141,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Screen extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The world as a command sees it; tests hand in one of their own. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Screen
  readonly stderr: Screen
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly system: System
  /** Aborted when the user wants the command to end. */
  readonly signal: AbortSignal
}

export interface Option {
  readonly type: 'boolean' | 'string'
  readonly description: string
  /** Stands for the value in the help. */
  readonly value?: string
}
export type Options = Readonly<Record<string, Option>>
export type OptionValues<O extends Options> = {
  readonly [N in keyof O]: O[N] extends { readonly type: 'boolean' }
    ? boolean
    : O[N] extends { readonly type: 'string' }
      ? string | undefined
      : never
}

/** As read from the command line: every option of the command is there. */
export type ReadOptions = Readonly<Record<string, string | boolean | undefined>>

export interface CommandContext<V = ReadOptions> extends Surroundings {
  readonly positionals: readonly string[]
  readonly options: V
}

/** What the module of a command says about it; its name and summary are in the table of all commands. */
export interface CommandBody {
  /** Its arguments as the help shows them; with a `[` for those that may be left out. */
  readonly positionals: readonly string[]
  readonly options: Options
  readonly examples: readonly string[]
  /** More than the summary can say. */
  readonly details?: string
  run(context: CommandContext): Promise<ExitCode>
}

export interface Command extends CommandBody {
  /** One word, or two for a command of a group: `topics plan`. */
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
}

/** Declares a command, its options' values typed by their declaration. */
export function command<const O extends Options>(
  declared: Omit<CommandBody, 'run' | 'options'> & {
    readonly options: O
    run(context: CommandContext<OptionValues<O>>): Promise<ExitCode>
  },
): CommandBody {
  // `main` reads exactly the options that are declared here, each by its type.
  return { ...declared, run: context => declared.run(context as CommandContext<OptionValues<O>>) }
}
