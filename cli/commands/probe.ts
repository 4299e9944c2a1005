/** `caudal probe`: asks a process of this machine how it is, for supervisors that run a command, as Docker does. */
import { isIPv6 } from 'node:net'
import { reasonOf } from '#core/errors.ts'
import { command, EXIT } from '../command/command.ts'
import type { Configuration } from '../configuration.ts'
import { configurationOf } from '../environment.ts'

const PROBES = ['live', 'ready'] as const
/** Above what the process takes at most for its answer. */
const ANSWER_MS = 2_000

export const probe = command({
  details:
    'Exit code 0 where it is; 4 with the reasons on the standard error where it is not, or does not answer.',
  positionals: ['PROBE'],
  options: {},
  examples: ['caudal probe ready', 'PORT=8081 caudal probe live'],
  async run({ positionals, environment, stderr }) {
    const name = PROBES.find(each => each === positionals[0])
    if (!name) {
      stderr.write(`caudal probe: PROBE must be ${PROBES.join(' or ')}, not "${positionals[0]}"\n`)
      return EXIT.usage
    }
    const reasons = await reasonsOf(name, configurationOf(environment))
    for (const reason of reasons) stderr.write(`not ${name}: ${reason}\n`)
    return reasons.length === 0 ? EXIT.ok : EXIT.unavailable
  },
})

/** Whatever listens everywhere listens here. */
const HERE: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['[::]', '[::1]'],
])

/** As an address of HTTP has it. One address of IPv6 has many spellings, and an address of HTTP only one. */
function addressOf(host: string): string {
  const written = isIPv6(host) ? `[${host}]` : host
  const shortest = URL.canParse(`http://${written}`) ? new URL(`http://${written}`).hostname : written
  return HERE.get(shortest) ?? written
}

async function reasonsOf(name: string, { host, port }: Configuration): Promise<readonly string[]> {
  const url = `http://${addressOf(host)}:${port}/${name}`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
    if (response.status === 200) return []
    const { reasons } = JSON.parse(await response.text())
    return Array.isArray(reasons) ? reasons.map(String) : [`it answers ${response.status}`]
  } catch (error) {
    const cause = error instanceof TypeError ? error.cause : undefined
    return [`${url} does not answer (${reasonOf(cause ?? error)}): is it started with this PORT?`]
  }
}
