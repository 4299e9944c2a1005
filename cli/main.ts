/** From the command line to an exit code: finds the command, reads its options, and says what went wrong in words. */
import { parseArgs } from 'node:util'
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import {
  type Command,
  type CommandContext,
  EXIT,
  type ExitCode,
  type Option,
  type Surroundings,
} from './command.ts'
import { COMMANDS } from './commands.ts'
import { helpOf, overview } from './help.ts'

export async function main(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr } = surroundings
  const found = find(words)
  if (!found) {
    const asked = words.filter(word => !word.startsWith('-'))
    const group = asked[0] !== undefined && COMMANDS.some(({ name }) => name.startsWith(`${asked[0]} `))
    if (asked.length === 0 || asked[0] === 'help') {
      stdout.write(overview(COMMANDS))
      return EXIT.ok
    }
    const wanted = group ? asked.slice(0, 2).join(' ') : asked[0]
    stderr.write(`caudal: there is no command "${wanted}"\n\n${overview(COMMANDS)}`)
    return EXIT.usage
  }
  const { command, rest } = found
  if (rest.includes('--help') || rest.includes('-h')) {
    stdout.write(helpOf(command))
    return EXIT.ok
  }
  const read = readWords(command, rest)
  if ('fault' in read) {
    stderr.write(`caudal ${command.name}: ${read.fault}\n\n${helpOf(command)}`)
    return EXIT.usage
  }
  try {
    return await command.run({ ...surroundings, ...read })
  } catch (error) {
    stderr.write(`caudal ${command.name}: ${toldOf(error)}\n`)
    return exitOf(error)
  }
}

function find(
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : words
  for (const length of [2, 1]) {
    const name = asked.slice(0, length).join(' ')
    const command = COMMANDS.find(each => each.name === name)
    if (command) return { command, rest: asked.slice(length) }
  }
  return undefined
}

type Read = { readonly fault: string } | Pick<CommandContext, 'positionals' | 'options'>

function readWords(command: Command, rest: readonly string[]): Read {
  try {
    const options = Object.fromEntries(
      Object.entries(command.options).map(([name, { type }]) => [name, { type }]),
    )
    const { values, positionals } = parseArgs({
      args: [...rest],
      options,
      allowPositionals: true,
      strict: true,
    })
    const needed = command.positionals.filter(each => !each.startsWith('['))
    if (positionals.length < needed.length) return { fault: `${needed[positionals.length]} is missing` }
    if (positionals.length > command.positionals.length)
      return { fault: `"${positionals[command.positionals.length]}" is one word too many` }
    return { positionals, options: withAbsent(command.options, values) }
  } catch (error) {
    return { fault: reasonOf(error) }
  }
}

function withAbsent(options: Readonly<Record<string, Option>>, values: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(options).map(([name, { type }]) => {
    const value = values[name]
    if (type === 'boolean') return [name, value === true] as const
    return [name, typeof value === 'string' ? value : undefined] as const
  })
  return Object.fromEntries(entries)
}

/** What the user can do with it: the message of our own errors, the stack of a mistake in code. */
function toldOf(error: unknown): string {
  if (error instanceof CaudalError && error.code === 'LOG_IN_USE')
    return `${error.message}\nStop that process first (a running \`caudal start\` holds the log), or set another DATA_DIR.`
  if (error instanceof CaudalError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function exitOf(error: unknown): ExitCode {
  if (!(error instanceof CaudalError)) return EXIT.failed
  switch (error.code) {
    case 'CONFIGURATION_INVALID':
    case 'TOPOLOGY_INVALID':
    case 'TOPIC_MISMATCH':
    case 'TOPIC_MISSING':
    case 'STATE_UNOWNED':
    case 'STATE_NEWER':
      return EXIT.configuration
    case 'LOG_IN_USE':
    case 'LOG_UNAVAILABLE':
    case 'LOG_FULL':
      return EXIT.unavailable
    default:
      return EXIT.failed
  }
}
