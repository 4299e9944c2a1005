/** `caudal state get`: what an operator has stored under a key. */
import { type StoredValue, storedUnder } from '#admin/stored-state.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { withLog } from '../tool.ts'

export const stateGet = command({
  details: 'Read from the state topic, where it is as of the last commit.',
  positionals: ['OPERATOR', 'KEY'],
  options: { json: { type: 'boolean', description: 'one JSON object a line' }, graph: graphOption },
  examples: [
    'caudal state get admit es-01',
    'caudal state get admit es-01 --json',
    'caudal state get count ada --graph ./first.ts',
  ],
  run: context =>
    withLog(
      context,
      async ({ log, plan }) => {
        const { positionals, options, stdout, stderr, system } = context
        const [operator = '', key = ''] = positionals
        const found = await storedUnder(log, plan, { operator, key, now: system.now() })
        for (const each of found) stdout.write(`${options.json ? JSON.stringify(each) : lineOf(each)}\n`)
        if (found.length > 0) return EXIT.ok
        stderr.write(`${operator} has stored nothing under ${key}\n`)
        return EXIT.notFound
      },
      context.options,
    ),
})

function lineOf({ state, name, value, expired }: StoredValue): string {
  return `${state}${name === undefined ? '' : `[${name}]`} = ${JSON.stringify(value)}${expired ? ' (expired)' : ''}`
}
