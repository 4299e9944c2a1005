/** Runs one operator on one record, timer or batch, without a topology, and returns its effects. */
import { asBytes, asText, decodeApart, encodeApart, keepsApart, type ValueOf } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Operator } from '#core/operator.ts'
import { HEADER, type Headers, type LogRecord } from '#core/record.ts'
import type { MapHandle, ValueHandle } from '#core/state.ts'
import type { Output } from '#engine/commit/outlets.ts'
import { decodeDelay } from '#engine/record/delay-route.ts'
import { callId } from '#engine/record/identity.ts'
import type { Job } from '#engine/record/job.ts'
import { LATE, type RecordRun } from '#engine/record/record-run.ts'
import { stepWrites } from '#engine/record/step-journal.ts'
import { openState } from '#engine/state/keyed-state.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import type { BatchedEffects, Effects, Emission, StepTaken } from './effects.ts'
import { readState } from './kit-state.ts'
import { checkNames, LoneStage, outputOf, type Tables } from './lone-stage.ts'
import { misuse } from './misuse.ts'
import { World } from './world.ts'

/** How long an operator is watched for calls after its record has ended. */
const LATE_MS = 60_000

interface GivenFields {
  /** `key` when left out; `null` is a record without a key. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Event time; now when left out. */
  readonly timestamp?: number
  /** Identity of the record; `record-1` when left out. */
  readonly id?: string
}

/** A record for the operator. `input` is needed where it has several; `bytes` stand in for a value that cannot be read. */
export type GivenRecord<I extends Codecs> = {
  [N in keyof I & string]: GivenFields & { readonly input?: N } & (
      | { readonly value: ValueOf<I[N]> }
      | { readonly bytes: Uint8Array | string }
    )
}[keyof I & string]

/** A timer that fires; due now when left out. */
export interface GivenTimer {
  /** The declared name of the timer. */
  readonly timer: string
  /** The key under which the timer was set. */
  readonly key?: string
  /** When the timer is due, in milliseconds since the epoch. */
  readonly due?: number
}

/** What an operator under test finds: state, time, tables, journaled steps. */
export interface OperatorOptions {
  /** State of the record's key before: by name, a value, or an object of a map's entries. */
  readonly state?: Readonly<Record<string, unknown>>
  /** Processing time; milliseconds since the epoch. */
  readonly now?: number
  /** Which run of the record this is; the first when left out. */
  readonly attempt?: number
  /** By table name, its entries. */
  readonly tables?: Tables
  /**
   * Results found in the journal, as after a crash: by step, or `step/part`. Steps that are not here call what they
   * call; `scripted` answers in virtual time.
   */
  readonly steps?: Readonly<Record<string, unknown>>
  /** Gives the same random numbers in each run. */
  readonly seed?: number
}

/**
 * Runs `process` on a record, or `onTimer` on a timer, with the runtime's own context on virtual time. Rejects with the error that
 * the operator throws. Also rejects as the runtime would, for a value that does not encode, an unknown output, or a time-out. A use
 * of the context within a minute after the record's end rejects too.
 *
 * ```ts
 * const { emitted, state } = await testOperator(count, { key: 'a', value: 'x' }, { state: { total: 2 } })
 * ```
 *
 * A list of records goes to a batch operator, `processBatch` included, and gives the effects of each; those that
 * failed carry their `failure`.
 */
export function testOperator<I extends Codecs, O extends Codecs>(
  operator: Operator<I, O>,
  given: GivenRecord<I> | GivenTimer,
  options?: OperatorOptions,
): Promise<Effects<O>>
export function testOperator<I extends Codecs, O extends Codecs>(
  operator: Operator<I, O>,
  given: readonly GivenRecord<I>[],
  options?: OperatorOptions,
): Promise<readonly BatchedEffects<O>[]>
export async function testOperator(
  operator: Operator,
  given: GivenRecord<Codecs> | GivenTimer | readonly GivenRecord<Codecs>[],
  options: OperatorOptions = {},
): Promise<Effects<Codecs> | readonly BatchedEffects<Codecs>[]> {
  const all = [given].flat()
  const { now, seed = 1, tables = {} } = options
  checkNames('state', operator, options.state ?? {}, operator.state)
  checkNames('table', operator, tables, operator.tables)
  const taken: StepTaken[] = []
  const watched = { ...operator, steps: watchedSteps(operator.steps, taken) }
  const world = new World(now === undefined ? { seed } : { seed, now })
  const store = await memoryStores().open({ stage: operator.name, partition: 0 })
  const stage = new LoneStage(watched, store, world, tables)
  const jobs = all.map((each, index) => jobOf(stage, operator, each, index))
  for (const job of jobs) prepare(stage, operator, job, options)
  taken.length = 0 // Encoding what was given is no step taken.
  const ended = await stage.run(jobs)
  await world.time.runFor(LATE_MS)
  if (world.lines.some(({ message }) => message.startsWith(LATE)))
    throw new CaudalError('CONTEXT_CLOSED', { node: operator.name })
  for (const { run, failure } of ended) if (failure !== undefined) forget(run)
  const effects = ended.map(({ run, failure }) => ({ ...effectsOf(stage, operator, run, taken), failure }))
  if (Array.isArray(given)) return effects
  const [single] = effects
  if (!single) throw misuse('give a record, a timer or a list of records')
  const { failure, ...rest } = single
  if (failure !== undefined) throw failure
  return rest
}

function jobOf(
  stage: LoneStage,
  operator: Operator,
  given: GivenRecord<Codecs> | GivenTimer,
  index: number,
): Job {
  const now = stage.pod.system.now()
  if (!('timer' in given)) return stage.recordJob(...recordOf(operator, given, now, index))
  checkNames(
    'timer',
    operator,
    { [given.timer]: 0 },
    Object.fromEntries(operator.timers.map(name => [name, 0])),
  )
  return stage.timerJob(given.timer, given.key ?? 'key', given.due ?? now)
}

function recordOf(
  operator: Operator,
  given: GivenRecord<Codecs>,
  now: number,
  offset: number,
): [input: string, record: LogRecord] {
  const names = Object.keys(operator.inputs)
  const input = given.input ?? (names.length === 1 ? names[0] : undefined)
  if (input === undefined) throw misuse(`operator ${operator.name} has inputs ${names.join(', ')}; name one`)
  checkNames('input', operator, { [input]: 0 }, operator.inputs)
  const { key = 'key', headers = {}, timestamp = now, id = `record-${offset + 1}` } = given
  const all = Object.entries({ ...headers, [HEADER.id]: id })
  const record = {
    key: key === null ? null : asBytes(key),
    value: bytesOf(operator, input, given),
    headers: Object.fromEntries(all.map(([name, text]) => [name, asBytes(text)])),
    timestamp,
    offset,
  }
  return [input, record]
}

function bytesOf(operator: Operator, input: string, given: GivenRecord<Codecs>): Uint8Array {
  if ('bytes' in given) return Buffer.from(given.bytes)
  const codec = operator.inputs[input]
  try {
    if (codec) return codec.encode(given.value)
  } catch (error) {
    throw misuse(
      `the value for input ${input} is not ${codec?.name}: ${reasonOf(error)}; give bytes to test that`,
    )
  }
  throw misuse(`operator ${operator.name} has no input ${input}`)
}

/** Removes everything that a failed record left behind. */
function forget(run: RecordRun): void {
  run.outputs.length = 0
  run.writes = undefined
  run.timers = undefined
}

/** Puts what was there before into the stage: attempt, state, journal. */
function prepare(stage: LoneStage, operator: Operator, job: Job, options: OperatorOptions): void {
  job.attempt = (options.attempt ?? 1) - 1
  const before = new Map<string, Uint8Array | null>()
  const { state = {}, steps = {} } = options
  if (job.key !== null) writeState(operator, job.key, stage.pod.system.now(), state, before)
  for (const [place, result] of Object.entries(steps)) {
    const slash = place.indexOf('/')
    const step = slash < 0 ? place : place.slice(0, slash)
    checkNames('step', operator, { [step]: 0 }, operator.steps)
    const id = callId(job.id, operator.name, step, slash < 0 ? '' : place.slice(slash + 1))
    const bytes = operator.steps[step]?.encode(result) ?? new Uint8Array()
    for (const [entry, value] of stepWrites(id, bytes, 0, stage.stateBytesMax)) before.set(entry, value)
  }
  stage.state.stage(before)
}

function writeState(
  operator: Operator,
  key: string,
  now: number,
  values: Readonly<Record<string, unknown>>,
  into: Map<string, Uint8Array | null>,
): void {
  // The handles' own types were forgotten with the operator's: each is one of the two kinds.
  const handles: Readonly<Record<string, ValueHandle<unknown> | MapHandle<unknown>>> = openState(
    operator.state,
    {
      operator: operator.name,
      key,
      now,
      read: () => undefined,
      entries: () => [].values(),
      write: (entry, value) => into.set(entry, value),
    },
  )
  for (const [name, value] of Object.entries(values)) {
    const handle = handles[name]
    if (handle && !('entries' in handle)) handle.set(value)
    else for (const [each, content] of Object.entries(value ?? {})) handle?.set(each, content)
  }
}

/** The result of a step is decoded at once, as a replay would decode it. This decoding does not count as a replay. */
function watchedSteps(steps: Codecs, taken: StepTaken[]): Codecs {
  const watched = Object.entries(steps).map(([step, codec]) => {
    const own = new WeakSet<Uint8Array>()
    const encode = (result: unknown) => {
      const bytes = encodeApart(codec, result)
      own.add(bytes)
      return bytes
    }
    const decode = (bytes: Uint8Array) => {
      const result = decodeApart(codec, bytes)
      taken.push({ step, result, replayed: !own.has(bytes) })
      return result
    }
    return [step, keepsApart({ name: codec.name, encode, decode })]
  })
  return Object.fromEntries(watched)
}

function effectsOf(
  stage: LoneStage,
  operator: Operator,
  run: RecordRun,
  steps: readonly StepTaken[],
): Effects<Codecs> {
  const emissions = run.outputs.map(output => emissionOf(operator, output))
  const emitted = Object.keys(operator.outputs).map(output => {
    return [output, emissions.filter(each => each.output === output).map(({ value }) => value)]
  })
  const timers = (run.timers ?? []).map(({ name, due }) => [name, due ?? null])
  stage.state.stage(run.writes ?? new Map())
  const { key } = run.job
  return {
    emitted: Object.fromEntries(emitted),
    emissions,
    state: key === null ? {} : readState(stage.node, key, run.now, stage.state),
    timers: Object.fromEntries(timers),
    steps,
  }
}

function emissionOf(operator: Operator, { slot, record }: Output): Emission {
  const header = record.headers[HEADER.delay]
  const delay = header && decodeDelay(header)
  const output = outputOf(delay?.target ?? slot.topic)
  return {
    output,
    value: record.value && asRead(operator, output, record.value),
    key: record.key && asText(record.key),
    headers: textsOf(record.headers),
    timestamp: record.timestamp,
    notBefore: delay?.due,
  }
}

/** Decodes an emitted value. So a value that readers of the output would refuse fails at the operator that emits it. */
function asRead(operator: Operator, output: string, bytes: Uint8Array): unknown {
  const codec = operator.outputs[output]
  try {
    return codec?.decode(bytes)
  } catch (error) {
    const details = { node: operator.name, target: `output ${output}`, codec: codec?.name }
    throw new CaudalError('ENCODE_FAILED', { ...details, reason: reasonOf(error) }, error)
  }
}

function textsOf(headers: Headers): Record<string, string> {
  const own: readonly string[] = [HEADER.id, HEADER.delay]
  const given = Object.entries(headers).filter(([name]) => !own.includes(name))
  return Object.fromEntries(given.map(([name, bytes]) => [name, asText(bytes)]))
}
