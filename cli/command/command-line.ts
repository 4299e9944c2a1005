/** The words behind a command's name, as its options and positionals. */
import { parseArgs } from 'node:util'
import type { Command, CommandContext, Option, ReadOptions } from './command.ts'
import { suggestion } from './nearest.ts'

export type Words = Pick<CommandContext, 'positionals' | 'options'> | { readonly fault: string }

/** Every option of the command is in the result; the first fault is reported in words. */
export function wordsOf(command: Command, words: readonly string[]): Words {
  const declared = Object.entries(command.options).map(([name, { type }]) => [name, { type }] as const)
  // What Node would say of a fault is for programmers, so that it is asked to find none.
  const { tokens, positionals } = parseArgs({
    args: [...words],
    options: Object.fromEntries(declared),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const given = tokens.filter(token => token.kind === 'option')
  const [fault] = [
    ...given.flatMap(token => optionFaults(command, token)),
    ...twiceFaults(given),
    ...positionalFaults(command, positionals),
  ]
  if (fault !== undefined) return { fault }
  const values = new Map(given.map(({ name, value }) => [name, value]))
  return { positionals, options: withAbsent(command, values) }
}

interface GivenOption {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function optionFaults({ options }: Command, given: GivenOption): readonly string[] {
  const { name, rawName, value, inlineValue } = given
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (!option || rawName !== `--${name}`) {
    const known = Object.keys(options).map(each => `--${each}`)
    return [`there is no option ${rawName}${suggestion(rawName, known)}`]
  }
  return option.type === 'boolean'
    ? switchFaults(rawName, value)
    : valueFaults(rawName, option, value, inlineValue)
}

/** The last one would win, and drop the others in silence. */
function twiceFaults(given: readonly GivenOption[]): readonly string[] {
  const twice = given.find(({ name }, index) => given.findIndex(each => each.name === name) < index)
  return twice === undefined ? [] : [`--${twice.name} is given more than once: give it once`]
}

const switchFaults = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${name} takes no value: it was given "${value}"`]

function valueFaults(
  name: string,
  { value: placeholder = 'VALUE' }: Option,
  value: string | undefined,
  isInline: boolean | undefined,
): readonly string[] {
  if (value === undefined || (value === '' && isInline))
    return [`${name} needs a value: ${name} ${placeholder}`]
  if (isInline || !value.startsWith('--')) return []
  return [`${name} needs a value, and ${value} is an option; where it is meant, write ${name}=${value}`]
}

function positionalFaults(
  { positionals: expected, options }: Command,
  given: readonly string[],
): readonly string[] {
  const needed = expected.filter(each => !each.startsWith('['))
  if (given.length < needed.length) return [`${needed[given.length]} is missing`]
  const takesMore = expected.at(-1)?.endsWith('...]') === true
  if (given.length > expected.length && !takesMore) return [tooMany(options, given[expected.length] ?? '')]
  return []
}

/** The word is the file of an option, where one takes a file. */
function tooMany(options: Command['options'], word: string): string {
  const [name] =
    Object.entries(options).find(([, option]) => 'value' in option && option.value === 'FILE') ?? []
  const hint = name === undefined ? '' : `; did you mean --${name} ${word}?`
  return `"${word}" is one word too many${hint}`
}

function withAbsent({ options }: Command, values: ReadonlyMap<string, string | undefined>): ReadOptions {
  const entries = Object.entries(options).map(([name, { type }]) =>
    type === 'boolean' ? [name, values.has(name)] : [name, values.get(name)],
  )
  return Object.fromEntries(entries)
}
