/** `caudal semantic compare`: what the guard of the semantic index says of two questions. */
import { judge } from '#stores/semantic/guard/guard.ts'
import { command, EXIT } from '../command/command.ts'

export const semanticCompare = command({
  details:
    'Asks the guard of the semantic index alone: no similarity is computed. The exit code is 5 where the pair is refused.',
  positionals: ['ASKED', 'KNOWN'],
  options: { json: { type: 'boolean', description: 'one JSON object' } },
  examples: [
    'caudal semantic compare "Can you explain why the sky is blue?" "Why is the sky blue?"',
    'caudal semantic compare "How do I turn on dark mode?" "How do I turn off dark mode?" --json',
  ],
  run: async ({ positionals, options, stdout }) => {
    const [asked = '', known = ''] = positionals
    const ruling = judge(asked, known)
    const line = ruling.served ? 'served' : `refused by rule ${ruling.rule}`
    stdout.write(`${options.json ? JSON.stringify(ruling) : line}\n`)
    return ruling.served ? EXIT.ok : EXIT.notFound
  },
})
