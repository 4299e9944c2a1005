/** All commands, in the order of the help. */
import type { Command } from './command.ts'
import { start } from './commands/start.ts'

export const COMMANDS: readonly Command[] = [start]
