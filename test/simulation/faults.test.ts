/** Each row of the table of faults, alone: it has an effect, the pods tell of it as they should, and all comes out right. */
import { describe, expect, it } from 'vitest'
import { FAULT_TABLE } from '#testing/simulation/faults/fault-table.ts'
import { runSeed } from '#testing/simulation/run-seed.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'

const FEW = { ...standard, shape: { ...standard.shape, faults: 8 } }

/** What an operator reads in the logs of the pods; rows that are not here pass without a word. */
const TOLD: Readonly<Record<string, RegExp>> = {
  'short pause': /stalled for/,
  'long pause': /membership was lost/,
  'zombie gets its tasks back': /stalled for/,
  'network partition, requests hang': /membership was lost/,
  'network partition, requests fail': /membership was lost/,
  'lost write': /COMMIT_ABORTED/,
  'lost answer of a write': /COMMIT_ABORTED/,
  'late write': /COMMIT_ABORTED/,
  'lost commit': /OUTCOME_UNKNOWN/,
  'lost answer of a commit': /OUTCOME_UNKNOWN/,
  'late commit': /OUTCOME_UNKNOWN/,
  'late start of a producer': /FENCED/,
  'repeated start of a producer': /FENCED/,
  'lost claim': /an operation of ownership failed and is repeated .*claim was not answered/,
  'lost answer of a claim': /an operation of ownership failed and is repeated .*claim was not answered/,
  'late claim': /an operation of ownership failed and is repeated/,
  'claims cannot be read': /an operation of ownership failed and is repeated .*readClaims was refused/,
  'lost heartbeats': /membership was lost/,
  'unreliable network': /the producer is replaced/,
  'group coordinator moves': /membership was lost/,
  'group client crashes': /membership was lost/,
  'a fence races a commit': /FENCED/,
  'producer forgotten': /FENCED/,
  'full disk': /LOG_FULL/,
  'provider errors': /a record failed .*MODEL_UNAVAILABLE/,
  'provider hangs': /a record failed .*HANDLER_TIMED_OUT/,
  'provider is slow': /a record failed .*HANDLER_TIMED_OUT/,
}

/** What they must not read: a pod that takes over what a dead pod left must not fence the successor of that pod. */
const NOT_TOLD: Readonly<Record<string, RegExp>> = {
  'crash, same name again': /the producer is replaced .*FENCED/,
}

const SEED = 2

describe('a fault alone', () => {
  it.each(FAULT_TABLE)('$name', async kind => {
    const { complaints, trace, events, course } = await runSeed({
      scenario: FEW,
      seed: SEED,
      kinds: [kind],
      verbose: true,
    })
    expect(complaints, trace.join('\n')).toEqual([])
    expect([events, course], `${kind.name} had no effect`).not.toEqual(await quietRun())
    if (TOLD[kind.name]) expect(trace.join('\n')).toMatch(TOLD[kind.name] ?? '')
    if (NOT_TOLD[kind.name]) expect(trace.join('\n')).not.toMatch(NOT_TOLD[kind.name] ?? '')
  })

  it('has a name of its own and says where it comes from', () => {
    expect(new Set(FAULT_TABLE.map(({ name }) => name)).size).toBe(FAULT_TABLE.length)
    expect(FAULT_TABLE.filter(({ source }) => source.length < 10)).toEqual([])
    const names = new Set(FAULT_TABLE.map(({ name }) => name))
    expect(Object.keys({ ...TOLD, ...NOT_TOLD }).filter(name => !names.has(name))).toEqual([])
  })
})

let quiet: Promise<readonly number[]> | undefined

/** How many events the same run has without faults, and what course it takes. */
function quietRun(): Promise<readonly number[]> {
  quiet ??= runSeed({ scenario: FEW, seed: SEED, kinds: [] }).then(({ events, course }) => [events, course])
  return quiet
}
