/** `npm run bench:kafka -- [count] [calls] [latency] [durability] [take-over]`: each in a process of its own against the local broker; all without names. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { invariant } from '#core/errors.ts'
import { machine } from '#load/machine.ts'

const BENCHMARKS = ['count', 'calls', 'latency', 'durability', 'take-over']

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !BENCHMARKS.includes(name))
invariant(unknown.length === 0, `no benchmark ${unknown}; there are ${BENCHMARKS}`)
process.stdout.write(`${machine()}\n`)
for (const name of asked.length > 0 ? asked : BENCHMARKS) {
  process.stdout.write(`\n${name}\n`)
  const child = spawn(process.execPath, [`${import.meta.dirname}/${name}.ts`], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = 1
}
