/** One run of one scenario under one seed: inputs and faults, then a calm in which everything must drain, then the checks. */
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import { seedOf } from '../seeded-random.ts'
import type { FaultKind } from './fault-kind.ts'
import { scheduleFaults } from './fault-schedule.ts'
import { Fleet, type Plant } from './fleet.ts'
import type { Check, Scenario } from './scenario.ts'

/** How often the run checks whether all is done. */
const LOOK_MS = 1_000
/** A duplicate would come within this time after the last outcome. */
const QUIET_MS = 5_000
/** When another version is rolled out, as shares of the time in which faults strike. */
const ROLLS = [0.2, 0.45, 0.7]
const COMPLAINTS_MAX = 10
/** Ten times the events of a usual run: beyond them the fleet is busy with itself. */
const EVENTS_MAX = 300_000

export interface SeedOptions {
  readonly scenario: Scenario
  readonly seed: number
  /** The kinds that are drawn from. */
  readonly kinds: readonly FaultKind[]
  /** Beyond the scenario's own. */
  readonly checks?: readonly Check[]
  readonly plant?: Plant
  readonly verbose?: boolean
}

export interface Verdict {
  readonly scenario: string
  readonly seed: number
  /** None: the run was right. */
  readonly complaints: readonly string[]
  /** What happened to the cluster, in order. */
  readonly trace: readonly string[]
  readonly events: number
  /** The times of all calls, as one number: a different course of events gives another number. */
  readonly course: number
}

export async function runSeed(options: SeedOptions): Promise<Verdict> {
  const { scenario, seed, kinds } = options
  const fleet = new Fleet(options)
  const { shape } = scenario
  const complaints: string[] = []
  try {
    await fleet.open()
    for (let i = 0; i < shape.pods; i++) fleet.start()
    feed(fleet)
    scheduleFaults(fleet, kinds)
    if (scenario.versions)
      for (const share of ROLLS) fleet.system.after(shape.spreadMs * share, () => fleet.roll())
    await fleet.time.runFor(shape.spreadMs + LOOK_MS)
    fleet.calm()
    if (!(await drain(fleet)))
      complaints.push(`not everything was done ${shape.drainMaxMs} ms after the calm`)
    await fleet.time.runFor(QUIET_MS)
    const evidence = fleet.evidence()
    for (const check of [...scenario.checks, ...(options.checks ?? [])]) complaints.push(...check(evidence))
  } catch (error) {
    complaints.push(error instanceof CaudalError ? `${error.message} ${error.stack}` : String(error))
  }
  const { trace, time } = fleet
  for (const process of fleet.processes) process.kill()
  const kept = complaints.slice(0, COMPLAINTS_MAX)
  return {
    scenario: scenario.name,
    seed,
    complaints: kept,
    trace,
    events: time.eventCount,
    course: courseOf(fleet),
  }
}

function courseOf({ model }: Fleet): number {
  return model.calls.reduce(
    (course, { question, startedAt }) => seedOf(course, `${question}@${startedAt}`),
    0,
  )
}

/** Lets the inputs of the scenario arrive. */
export function feed(fleet: Fleet): void {
  const { scenario, system, outsider } = fleet
  for (const { atMs, place, key, value } of scenario.inputs(fleet.randomFor('inputs'), scenario.shape)) {
    system.after(atMs, () => {
      const record = { key: Buffer.from(key), value, headers: NO_HEADERS, timestamp: system.now() }
      // An input that the log refuses does not count: the checks read the inputs from the topic.
      outsider.append([{ ...place, records: [record] }]).catch(() => undefined)
    })
  }
}

/** False when the inputs have not all reached their outcome in time. */
async function drain(fleet: Fleet): Promise<boolean> {
  const { scenario, time, system } = fleet
  const latest = system.now() + scenario.shape.drainMaxMs
  while (!scenario.isComplete(fleet.evidence()) || hasOpen(fleet)) {
    if (system.now() > latest || time.eventCount > EVENTS_MAX) return false
    await time.runFor(LOOK_MS)
    fleet.abortHanging()
  }
  return true
}

/** Whether a transaction hides committed records from the checks, until the brokers' time-out: a dead pod's last write is late. */
function hasOpen({ broker }: Fleet): boolean {
  return broker.inspect.openTransactions().length > 0
}
