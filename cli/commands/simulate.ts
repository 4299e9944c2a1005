/** `caudal simulate`: the engine under seeded faults on virtual time. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { command, EXIT } from '../command.ts'
import { numbersOf } from '../numbers.ts'

const SCRIPT = fileURLToPath(new URL('../../testing/simulation/simulate.ts', import.meta.url))

export const simulate = command({
  name: 'simulate',
  summary:
    'Runs fleets of pods under seeded crashes, pauses and faults on virtual time, and checks what they did',
  details:
    'The exit code is 0 when every run kept its promises, 1 when one did not, 2 for a scenario that is not known.',
  positionals: [],
  options: {
    seeds: { type: 'string', value: 'N', description: 'so many seeds of each scenario; 100 when left out' },
    from: { type: 'string', value: 'SEED', description: 'the first of them; 1 when left out' },
    seed: { type: 'string', value: 'SEED', description: 'this one alone, with its trace' },
    scenario: { type: 'string', value: 'NAME', description: 'this one alone; all when left out' },
    verbose: { type: 'boolean', description: 'with --seed: what the pods logged, between the faults' },
    json: { type: 'boolean', description: 'one line of JSON a run' },
  },
  examples: ['caudal simulate --seeds 1000', 'caudal simulate --seed 17 --scenario standard'],
  async run({ options, signal }) {
    const { seeds, from, seed } = options
    const number = numbersOf({ seeds, from, seed })
    for (const name of ['seeds', 'from', 'seed'] as const)
      number(name, 1, [0, Number.MAX_SAFE_INTEGER], 'integer')
    number.check()
    const words = Object.entries(options).flatMap(([name, value]) =>
      typeof value === 'string' ? [`--${name}`, value] : value ? [`--${name}`] : [],
    )
    const child = spawn(process.execPath, [SCRIPT, ...words], { stdio: 'inherit', signal })
    return new Promise((resolve, reject) => {
      child.once('error', error => (signal.aborted ? resolve(EXIT.interrupted) : reject(error)))
      child.once('exit', code => resolve(code === 0 ? EXIT.ok : code === 2 ? EXIT.usage : EXIT.failed))
    })
  },
})
