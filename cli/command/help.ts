/** The help texts, made from what the commands say about themselves. */
import type { Command } from './command.ts'

export function overview(commands: readonly Pick<Command, 'name' | 'summary'>[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'caudal: exactly-once processing for slow and paid calls',
    '',
    'Usage: caudal COMMAND [OPTIONS]',
    '',
    'Commands:',
    ...lines,
    '',
    'Examples:',
    '  caudal start                     the whole pipeline in this terminal, on a sample, no key needed',
    '  caudal COMMAND --help            what a command takes, with examples',
    '',
    'Settings come from the environment: docs/configuration.md. Exit codes: docs/cli.md.',
    '',
  ].join('\n')
}

export function helpOf({ name, summary, positionals, options, examples, details }: Command): string {
  const shown = Object.entries(options).map(
    ([option, { value }]) =>
      [`--${option}${value ? ` ${value}` : ''}`, options[option]?.description ?? ''] as const,
  )
  const width = Math.max(0, ...shown.map(([option]) => option.length))
  const usage = ['caudal', name, ...positionals, ...(shown.length > 0 ? ['[OPTIONS]'] : [])].join(' ')
  return [
    `${usage}`,
    '',
    `${summary}.`,
    ...(details ? ['', details] : []),
    ...(shown.length > 0
      ? ['', 'Options:', ...shown.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`)]
      : []),
    '',
    'Examples:',
    ...examples.map(example => `  ${example}`),
    '',
  ].join('\n')
}
