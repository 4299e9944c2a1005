/**
 * What `caudal simulate` and `npm run simulate` start: runs scenarios under many seeds and prints how to have a failing one again.
 *
 *   --seeds N         so many seeds of each scenario; 100 when left out
 *   --from X          the first of them; 1 when left out
 *   --seed X          this one alone, with its trace
 *   --scenario NAME   this one alone; all when left out
 *   --verbose         with --seed: what the pods logged, between the faults
 *   --json            one line of JSON a run
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Verdict } from '../run-seed.ts'
import { runCampaign } from './campaign.ts'
import { ALL_NAMES, checkedName, runErrand } from './run-errand.ts'

const PROGRESS_EVERY = 500

interface Settings {
  readonly scenarios: readonly string[]
  readonly from: number
  readonly seeds: number
  readonly single: number | undefined
  readonly verbose: boolean
  readonly json: boolean
}

try {
  process.exitCode = await main(settingsOf(process.argv.slice(2)))
} catch (error) {
  print(reasonOf(error))
  process.exitCode = 2
}

async function main(settings: Settings): Promise<number> {
  return settings.single === undefined ? many(settings) : one(settings, settings.single)
}

async function many({ scenarios, from, seeds, json }: Settings): Promise<number> {
  const errands = scenarios.flatMap(scenario =>
    Array.from({ length: seeds }, (_, index) => ({ scenario, seed: from + index })),
  )
  const failed: Verdict[] = []
  let done = 0
  const onVerdict = (verdict: Verdict) => {
    done++
    if (json) print(JSON.stringify(verdict))
    if (verdict.complaints.length > 0) {
      failed.push(verdict)
      if (!json) report(verdict)
    }
    if (!json && done % PROGRESS_EVERY === 0)
      print(`${done} of ${errands.length} runs, ${failed.length} failed`)
  }
  await runCampaign({ errands, threads: Math.min(2, availableParallelism()), onVerdict })
  if (json) return failed.length === 0 ? 0 : 1
  print(
    `${done} runs of ${scenarios.join(', ')}: ${failed.length === 0 ? 'all right' : `${failed.length} failed`}`,
  )
  for (const verdict of failed) print(commandOf(verdict))
  return failed.length === 0 ? 0 : 1
}

async function one({ scenarios, verbose, json }: Settings, seed: number): Promise<number> {
  let failures = 0
  for (const scenario of scenarios) {
    const verdict = await runErrand({ scenario, seed }, verbose)
    if (json) print(JSON.stringify(verdict))
    else report(verdict)
    if (verdict.complaints.length > 0) failures++
  }
  return failures === 0 ? 0 : 1
}

function report(verdict: Verdict): void {
  const { scenario, seed, complaints, trace, events } = verdict
  print(
    `${scenario}, seed ${seed}: ${complaints.length === 0 ? `all right after ${events} events` : 'failed'}`,
  )
  for (const line of trace) print(`  ${line}`)
  for (const complaint of complaints) print(`  wrong: ${complaint}`)
  if (complaints.length > 0) print(`  again: ${commandOf(verdict)}`)
}

function commandOf({ scenario, seed }: Verdict): string {
  return `npx caudal simulate --seed ${seed} --scenario ${scenario}`
}

function settingsOf(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const { scenario, seed, verbose, json } = values
  return {
    scenarios: scenario === undefined ? ALL_NAMES : [checkedName(scenario)],
    from: numberOf('from', values.from),
    seeds: numberOf('seeds', values.seeds),
    single: seed === undefined ? undefined : numberOf('seed', seed),
    verbose,
    json,
  }
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new CaudalError('CONFIGURATION_INVALID', {
    faults: `--${name} is ${text}; it must be a whole number`,
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
