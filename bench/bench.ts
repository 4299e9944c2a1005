/** `npm run bench -- [WORD...] [--size small|full] [--json] [--save]`: runs the benchmarks whose names contain a word. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from '#load/machine.ts'
import type { Figures, Size } from './benchmark.ts'
import { chosen } from './benchmarks.ts'
import { runBenchmark } from './processes.ts'
import { headings, METHOD, type Report, row } from './report.ts'

const BASELINE = fileURLToPath(new URL('./baseline.json', import.meta.url))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: 'full' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})
const size: Size = values.size === 'small' ? 'small' : 'full'
const benchmarks = chosen(positionals)
const baseline = readBaseline()
const say = (text: string) => void (values.json || process.stdout.write(`${text}\n`))

say(`${machine()}\n${METHOD}\n`)
say(headings(benchmarks))
const figures: Record<string, Figures> = {}
for (const benchmark of benchmarks) {
  const measured = await runBenchmark(benchmark, size)
  figures[benchmark.name] = measured
  say(row(benchmark, benchmarks, measured, size === 'full' ? baseline.figures[benchmark.name] : undefined))
}
const report: Report = { machine: machine(), figures }
if (values.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
if (values.save && size === 'full') {
  const saved: Report = { machine: machine(), figures: { ...baseline.figures, ...rounded(figures) } }
  writeFileSync(BASELINE, `${JSON.stringify(saved, undefined, 2)}\n`)
}

function readBaseline(): Report {
  if (!existsSync(BASELINE)) return { machine: '', figures: {} }
  return JSON.parse(readFileSync(BASELINE, 'utf8')) as Report // Written below.
}

/** Three decimals are more than any of these figures is good for. */
function rounded(figures: Readonly<Record<string, Figures>>): Record<string, Figures> {
  return JSON.parse(
    JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value)),
  )
}
