/** `caudal simulate`: the engine under seeded faults on virtual time. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Verdict } from '#testing/simulation/run-seed.ts'
import { command, EXIT, type ExitCode, type Surroundings } from '../command/command.ts'
import { inputsIn, topologyFor } from '../graph-file.ts'
import { numbersOf } from '../terminal/numbers.ts'

const SCRIPT = fileURLToPath(new URL('../../testing/simulation/campaign/simulate.ts', import.meta.url))

export const simulate = command({
  details:
    `A graph of your own must leave the same records and the same state behind, with faults of its pods and
without. Its file also exports inputs: [{ source: words, key: 'ada', value: 'river' }]. Operators run on virtual time.
An operator that calls the outside needs something to call in that file.
` +
    'The exit code is 0 when every run kept its promises, 1 when one did not, 2 for a scenario that is not known.',
  positionals: [],
  options: {
    seeds: { type: 'string', value: 'N', description: 'so many seeds of each scenario; 100 when left out' },
    from: { type: 'string', value: 'SEED', description: 'the first of them; 1 when left out' },
    seed: { type: 'string', value: 'SEED', description: 'this one alone, with its trace' },
    scenario: { type: 'string', value: 'NAME', description: 'this one alone; all when left out' },
    graph: {
      type: 'string',
      value: 'FILE',
      description: 'a graph of your own: a module that exports it as graph, and what goes in as inputs',
    },
    verbose: { type: 'boolean', description: 'with --seed: what the pods logged, between the faults' },
    json: { type: 'boolean', description: 'one line of JSON a run' },
  },
  examples: [
    'caudal simulate --seeds 1000',
    'caudal simulate --seed 17 --scenario standard',
    'caudal simulate --graph ./triage.ts',
  ],
  async run(context) {
    const { options, signal } = context
    const { seeds, from, seed } = options
    const number = numbersOf({ seeds, from, seed })
    const first = number('from', 1, [0, Number.MAX_SAFE_INTEGER], 'integer')
    const many = number('seeds', 100, [1, 1_000_000], 'integer')
    const one = number('seed', first, [0, Number.MAX_SAFE_INTEGER], 'integer')
    number.check()
    const range = seed === undefined ? { from: first, seeds: many } : { from: one, seeds: 1 }
    if (options.graph !== undefined) return simulateGraph(options.graph, range, { ...context, options })
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

interface Range {
  readonly from: number
  readonly seeds: number
}

interface Shown extends Surroundings {
  readonly options: { readonly verbose: boolean; readonly json: boolean; readonly seed: string | undefined }
}

async function simulateGraph(path: string, { from, seeds }: Range, shown: Shown): Promise<ExitCode> {
  const { environment, stdout, signal, options } = shown
  const graph = await topologyFor({ graph: path }, environment)
  const inputs = await inputsIn(path)
  // Its parts are loaded only where they are used.
  const { runGraph } = await import('#testing/simulation/scenarios/own-graph.ts')
  let failed = 0
  for (let seed = from; seed < from + seeds && !signal.aborted; seed++) {
    const verdict = await runGraph({ graph, inputs, seed, verbose: options.verbose })
    if (verdict.complaints.length > 0) failed++
    if (options.json) stdout.write(`${JSON.stringify(verdict)}\n`)
    else stdout.write(linesOf(verdict, path, options.seed !== undefined).join(''))
  }
  if (signal.aborted) return EXIT.interrupted
  if (!options.json)
    stdout.write(`${seeds} runs of ${graph.name}: ${failed === 0 ? 'all right' : `${failed} failed`}\n`)
  return failed === 0 ? EXIT.ok : EXIT.failed
}

function linesOf({ seed, complaints, trace }: Verdict, path: string, isTraced: boolean): readonly string[] {
  const isWrong = complaints.length > 0
  return [
    ...(isWrong ? [`seed ${seed} failed\n`] : []),
    ...(isTraced ? trace.map(line => `  ${line}\n`) : []),
    ...complaints.map(complaint => `  wrong: ${complaint}\n`),
    ...(isWrong ? [`  again: caudal simulate --seed ${seed} --graph ${path}\n`] : []),
  ]
}
