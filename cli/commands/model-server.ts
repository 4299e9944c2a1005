/** `caudal model-server`: the simulated provider on a port of its own. */
import { answerTo } from '#answers/simulated/answers.ts'
import { sleep } from '#core/system.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { startModelServer, statsJson } from '#models/simulated/server.ts'
import { type CommandContext, command, EXIT, type OptionValues } from '../command/command.ts'
import { configurationOf } from '../environment.ts'
import { SIMULATED } from '../provider.ts'
import { listening } from '../serving.ts'
import { numbersOf } from '../terminal/numbers.ts'

const DAY_MS = 24 * 3_600_000

const OPTIONS = {
  port: {
    type: 'string',
    value: 'PORT',
    description: 'where it listens, on HOST; PORT when left out',
  },
  seed: {
    type: 'string',
    value: 'TEXT',
    description: 'the same seed gives the same faults and answers; 1 when left out',
  },
  latency: { type: 'string', value: 'MS', description: 'median time to answer; 400 when left out' },
  sigma: {
    type: 'string',
    value: 'NUMBER',
    description: 'spread of its lognormal distribution; 0.4 when left out, 0 for a fixed time',
  },
  'rate-limited': {
    type: 'string',
    value: 'SHARE',
    description: 'share of requests refused with 429; 0 when left out',
  },
  'retry-after': {
    type: 'string',
    value: 'MS',
    description: 'what a refusal asks to wait; 1000 when left out',
  },
  failing: { type: 'string', value: 'SHARE', description: 'share answered with a 5xx; 0 when left out' },
  hanging: { type: 'string', value: 'SHARE', description: 'share that hangs; 0 when left out' },
  hang: { type: 'string', value: 'MS', description: 'how long a hanging one takes; 60000 when left out' },
  malformed: {
    type: 'string',
    value: 'SHARE',
    description: 'share answered with something that is no completion; 0 when left out',
  },
} as const

export const modelServer = command({
  details: `It counts each completion by its request id: GET /stats, with ?ids=1 one by one.`,
  positionals: [],
  options: OPTIONS,
  examples: [
    'caudal model-server --port 9400',
    'caudal model-server --latency 800 --rate-limited 0.05 --failing 0.03 --hanging 0.01',
    `OPENAI_BASE_URL=http://127.0.0.1:9400/v1 LLM_MODEL=${SIMULATED} caudal start`,
  ],
  async run({ environment, options, stdout, system, signal }) {
    const configuration = configurationOf(environment)
    const { port, profile } = settingsOf(options, configuration.port)
    const seed = options.seed ?? '1'
    const { host } = configuration
    // Its callers know the address, so that no other port will do.
    const given = new Set(['port'] as const)
    const server = await listening({ ...configuration, port, given }, there =>
      startModelServer({ answerTo, host, port: there, seed, profile, system }),
    )
    stdout.write(
      `Simulated model at ${server.url}\nTo use it: OPENAI_BASE_URL=${server.url} LLM_MODEL=${SIMULATED} caudal start\n`,
    )
    // The abort is what it waits for.
    while (!signal.aborted) await sleep(system, DAY_MS, signal).catch(() => undefined)
    stdout.write(`${JSON.stringify(statsJson(server.stats()))}\n`)
    await server.close()
    return EXIT.ok
  },
})

type Given = CommandContext<OptionValues<typeof OPTIONS>>['options']

function settingsOf(
  given: Given,
  portDefault: number,
): { readonly port: number; readonly profile: Partial<Profile> } {
  const number = numbersOf(given)
  const medianMs = number('latency', 400, [0, 3_600_000])
  const sigma = number('sigma', 0.4, [0, 5])
  const profile = {
    latency:
      sigma === 0
        ? { kind: 'fixed' as const, ms: medianMs }
        : { kind: 'lognormal' as const, medianMs, sigma },
    rateLimited: number('rate-limited', 0, [0, 1]),
    retryAfterMs: number('retry-after', 1_000, [0, 3_600_000]),
    failing: number('failing', 0, [0, 1]),
    hanging: number('hanging', 0, [0, 1]),
    hangMs: number('hang', 60_000, [0, 3_600_000]),
    malformed: number('malformed', 0, [0, 1]),
  }
  const port = number('port', portDefault, [0, 65_535], 'integer')
  number.check()
  return { port, profile }
}
