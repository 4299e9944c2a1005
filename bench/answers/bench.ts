/** `npm run bench:answers -- NAME... [--size JSON]`: plays scenarios of the answer pipeline on a broker of its own; all without names. */
import { parseArgs } from 'node:util'
import { invariant } from '#core/errors.ts'
import { machine } from '#load/machine.ts'
import { startCluster } from './cluster.ts'
import type { Findings, Place } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Overrides parts of the full size: `--size '{"downMs":30000}'`. */
    size: { type: 'string', default: '{}' },
  },
})
const unknown = positionals.filter(word => !SCENARIOS.some(({ name }) => name === word))
invariant(unknown.length === 0, `no scenario ${unknown}; there are ${SCENARIOS.map(({ name }) => name)}`)

const say = (text: string) => void process.stdout.write(`${text}\n`)
say(machine())
for (const scenario of SCENARIOS) {
  if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
  say(`\n${scenario.name}: ${scenario.summary}`)
  await using cluster = await startCluster('bench')
  const registry = process.env.SCHEMA_REGISTRY_URL
  const place: Place = { broker: cluster.broker, registry, say: text => say(`  ${text}`) }
  tell(await scenario.run({ ...scenario.full, ...JSON.parse(values.size) }, place))
}

function tell({ figures, faults }: Findings): void {
  for (const [name, figure] of Object.entries(figures)) {
    say(`  ${name}: ${typeof figure === 'number' ? Number(figure.toFixed(2)) : figure}`)
  }
  for (const fault of faults) say(`  FAULT: ${fault}`)
  if (faults.length > 0) process.exitCode = 1
}
