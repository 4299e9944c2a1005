/** The words behind a command's name, as its options and positionals. */
import { parseArgs } from 'node:util'
import { reasonOf } from '#engine/core/errors.ts'
import type { Command, CommandContext, ReadOptions } from './command.ts'

export type Words = Pick<CommandContext, 'positionals' | 'options'> | { readonly fault: string }

/** Every option of the command is in the result; a fault is told in words. */
export function wordsOf(command: Command, words: readonly string[]): Words {
  try {
    const declared = Object.entries(command.options).map(([name, { type }]) => [name, { type }] as const)
    const { values, positionals } = parseArgs({
      args: [...words],
      options: Object.fromEntries(declared),
      allowPositionals: true,
    })
    const fault = faultOf(command, positionals)
    return fault === undefined ? { positionals, options: withAbsent(command, values) } : { fault }
  } catch (error) {
    return { fault: reasonOf(error) }
  }
}

function faultOf({ positionals: expected }: Command, given: readonly string[]): string | undefined {
  const needed = expected.filter(each => !each.startsWith('['))
  if (given.length < needed.length) return `${needed[given.length]} is missing`
  const takesMore = expected.at(-1)?.endsWith('...]') === true
  if (given.length > expected.length && !takesMore) return `"${given[expected.length]}" is one word too many`
  return undefined
}

function withAbsent({ options }: Command, values: Readonly<Record<string, unknown>>): ReadOptions {
  const entries = Object.entries(options).map(([name, { type }]) => {
    const value = values[name]
    if (type === 'boolean') return [name, value === true] as const
    return [name, typeof value === 'string' ? value : undefined] as const
  })
  return Object.fromEntries(entries)
}
