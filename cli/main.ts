/** From the command line to an exit code: finds the command, runs it, and says what went wrong in words. */
import { CaudalError, type ErrorCode } from '#core/errors.ts'
import { redactor } from '#core/secrets.ts'
import { type Command, EXIT, type ExitCode, type Screen, type Surroundings } from './command/command.ts'
import { wordsOf } from './command/command-line.ts'
import { helpOf, overview } from './command/help.ts'
import { suggestion } from './command/nearest.ts'
import { isStop } from './command/stopping.ts'
import { versionOfThis } from './command/version.ts'
import { COMMANDS, type CommandEntry } from './command-table.ts'
import { secretsIn } from './environment.ts'

export async function main(words: readonly string[], given: Surroundings): Promise<ExitCode> {
  const surroundings = withoutSecrets(given)
  const { stdout, stderr } = surroundings
  const { asksForHelp, asked } = helpIn(words)
  const found = find(asked)
  if (found && asksForHelp) stdout.write(helpOf(await found.entry.load()))
  else if (asksForHelp && namesGroup(asked)) stdout.write(overview(inGroup(asked[0])))
  else if (words[0] === '--version') stdout.write(`${versionOfThis()}\n`)
  else if (!found) {
    stderr.write(`caudal: ${unknown(asked)}\n`)
    return EXIT.usage
  } else return runOne(await found.entry.load(), found.rest, surroundings)
  return EXIT.ok
}

/** `help` is a word of its own at the front, or behind a group; elsewhere it is a key, an id or a text. */
function helpIn(words: readonly string[]) {
  const isFlag = (word: string) => word === '--help' || word === '-h'
  const end = words.indexOf('--')
  const isAsked = words.slice(0, end < 0 ? words.length : end).some(isFlag)
  const at = words[0] === 'help' ? 0 : words[1] === 'help' && groupOf(words[0]).length > 0 ? 1 : -1
  const asked = words.filter((word, index) => index !== at && !isFlag(word))
  return { asksForHelp: words.length === 0 || isAsked || at >= 0, asked: isAsked || at >= 0 ? asked : words }
}

/** Nothing, or a word that commands begin with, alone. */
const namesGroup = ([first, second]: readonly string[]): boolean =>
  first === undefined || (second === undefined && groupOf(first).length > 0)

async function runOne(
  command: Command,
  rest: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stderr } = surroundings
  const read = wordsOf(command, rest)
  if ('fault' in read) {
    stderr.write(`caudal ${command.name}: ${read.fault}\n\n${helpOf(command)}`)
    return EXIT.usage
  }
  try {
    return await command.run({ ...surroundings, ...read })
  } catch (error) {
    if (isStop(error, surroundings.signal)) return EXIT.interrupted
    stderr.write(`caudal ${command.name}: ${toldOf(error)}\n`)
    return exitOf(error)
  }
}

/** Whatever a command, its log or an error of somebody else's writes: no secret of the settings is in it. */
function withoutSecrets(surroundings: Surroundings): Surroundings {
  const redact = redactor(secretsIn(surroundings.environment))
  const clean = (screen: Screen): Screen =>
    Object.create(screen, {
      write: { value: (text: string, ...rest: []) => screen.write(redact(text), ...rest) },
    })
  return { ...surroundings, stdout: clean(surroundings.stdout), stderr: clean(surroundings.stderr) }
}

interface Found {
  readonly entry: CommandEntry
  readonly rest: readonly string[]
}

function find(words: readonly string[]): Found | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ')
    const entry = COMMANDS.find(each => each.name === name)
    if (entry) return { entry, rest: words.slice(length) }
  }
  return undefined
}

const groupOf = (word: string | undefined): readonly CommandEntry[] =>
  COMMANDS.filter(({ name }) => name.startsWith(`${word} `))

/** The commands that begin with the word; all of them where there is none. */
function inGroup(word: string | undefined): readonly CommandEntry[] {
  const group = groupOf(word)
  return group.length > 0 ? group : COMMANDS
}

/** What is said of words that are no command. */
function unknown(words: readonly string[]): string {
  const [first = '', second] = words
  const group = groupOf(first)
  const listed = group.map(({ name, summary }) => `  caudal ${name}: ${summary}`).join('\n')
  if (group.length > 0 && second === undefined) return `${first} is a group of commands:\n${listed}`
  const asked = group.length > 0 ? `${first} ${second}` : first
  const names = group.length > 0 ? group.map(({ name }) => name) : namesOfAll()
  const rest = group.length > 0 ? `\n${listed}` : '; caudal --help lists them'
  return `there is no command "${asked}"${suggestion(asked, names)}${rest}`
}

/** Whole names, and the words that groups begin with. */
const namesOfAll = (): readonly string[] =>
  COMMANDS.flatMap(({ name }) => [name, ...name.split(' ').slice(0, 1)])

/** What the user can do about it: the message of our own errors, the stack of a mistake in code. */
function toldOf(error: unknown): string {
  if (!(error instanceof CaudalError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (error.code === 'REJECTED') return String(error.details.reason)
  if (error.code === 'FOLDER_REFUSED') return `${error.message} in DATA_DIR`
  if (error.code !== 'LOG_IN_USE') return error.message
  return `${error.message}\nStop that process first (a running \`caudal start\` holds its log), or set another DATA_DIR.`
}

/** Faults of the set-up, which a person corrects. */
const OF_CONFIGURATION: ReadonlySet<ErrorCode> = new Set([
  'CONFIGURATION_INVALID',
  'FOLDER_REFUSED',
  'TOPOLOGY_INVALID',
  'NAME_TAKEN',
  'TOPIC_MISMATCH',
  'TOPIC_SHARED',
  'SOURCE_UNDECIDED',
  'TOPIC_MISSING',
  'TOPOLOGY_CHANGED',
  'STATE_UNOWNED',
  'STATE_NEWER',
  'SCHEMAS_REFUSED',
  'REGISTRY_REFUSED',
])
/** What is away, or held by another process. */
const OF_AWAY: ReadonlySet<ErrorCode> = new Set([
  'LOG_IN_USE',
  'LOG_HOLDER_ENDED',
  'LOG_UNAVAILABLE',
  'LOG_FULL',
  'LOG_REMOVED',
  'REGISTRY_UNAVAILABLE',
  'UNAVAILABLE',
])

function exitOf(error: unknown): ExitCode {
  if (!(error instanceof CaudalError)) return EXIT.failed
  if (error.code === 'REJECTED') return error.details.missing !== undefined ? EXIT.notFound : EXIT.usage
  if (OF_CONFIGURATION.has(error.code)) return EXIT.configuration
  return OF_AWAY.has(error.code) ? EXIT.unavailable : EXIT.failed
}
