/** Runs one operator on one value with a context made by hand, and gives back what it asked for. */
import type { Context, EmitOptions, StepCall, Timer } from '#core/context.ts'
import type { Operator, RecordOperator } from '#core/operator.ts'

export interface Emission {
  readonly output: string
  readonly value: unknown
  readonly options: EmitOptions | undefined
}

export interface Given {
  readonly id?: string
  readonly key?: string
  readonly now?: number
  readonly timestamp?: number
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  /** State of the key, kept across runs by handing in the same map. */
  readonly state?: Map<string, unknown>
  readonly tables?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Results of steps journaled before; what runs now is added. */
  readonly journal?: Map<string, unknown>
}

export class DeadLettered extends TypeError {}

export interface Effects {
  readonly emissions: readonly Emission[]
  readonly warnings: readonly string[]
}

export async function run(operator: RecordOperator, value: unknown, given: Given = {}): Promise<Effects> {
  const emissions: Emission[] = []
  const warnings: string[] = []
  const codec = operator.inputs.in
  const read = codec ? codec.decode(codec.encode(value)) : value
  const record = { input: 'in', key: given.key ?? null, value: read, timestamp: given.timestamp ?? 500 }
  await operator.process(record, contextOf(operator, given, emissions, warnings))
  return { emissions, warnings }
}

/** The single emission of a run. */
export async function emitted(
  operator: RecordOperator,
  value: unknown,
  given: Given = {},
): Promise<Emission> {
  const { emissions } = await run(operator, value, given)
  const [only, ...more] = emissions
  if (!only || more.length > 0) throw new TypeError(`${emissions.length} emissions, one was expected`)
  return only
}

export function contextOf(
  operator: Operator,
  given: Given,
  emissions: Emission[],
  warnings: string[],
): Context {
  const state = given.state ?? new Map<string, unknown>()
  const journal = given.journal ?? new Map<string, unknown>()
  const id = given.id ?? 'record-1'
  const signal = given.signal ?? new AbortController().signal
  const quiet = () => undefined
  const table = (name: string) => ({ get: (key: string) => given.tables?.[name]?.[key] as never })
  return {
    id,
    now: given.now ?? 1_000,
    attempt: 1,
    key: given.key ?? null,
    headers: { get: (name: string) => given.headers?.[name] },
    signal,
    log: { debug: quiet, info: quiet, warn: (message: string) => warnings.push(message), error: quiet },
    state: Object.fromEntries(
      Object.entries(operator.state).map(([name, { kind }]) => [
        name,
        kind === 'map' ? mapOf(state, name) : entryOf(state, name),
      ]),
    ),
    timers: { set: (_name: Timer['name']) => undefined, cancel: quiet },
    emit(output: string, value: unknown, options?: EmitOptions) {
      const codec = operator.outputs[output]
      if (!codec) throw new TypeError(`there is no output ${output}`)
      emissions.push({ output, value: codec.decode(codec.encode(value)), options })
    },
    async step(name: string, call: (call: StepCall) => Promise<unknown>) {
      const codec = operator.steps[name]
      if (!codec) throw new TypeError(`there is no step ${name}`)
      if (!journal.has(name)) journal.set(name, await call({ id: `${id}:${name}`, signal, table }))
      return codec.decode(codec.encode(journal.get(name)))
    },
    table,
    deadLetter(reason: string) {
      throw new DeadLettered(reason)
    },
  } as unknown as Context // Complete but for the types of one operator, which are forgotten here.
}

const entryOf = (state: Map<string, unknown>, name: string) => ({
  get: () => state.get(name),
  set: (value: unknown) => state.set(name, value),
  delete: () => state.delete(name),
})

function mapOf(state: Map<string, unknown>, name: string) {
  const prefix = `${name}/`
  return {
    get: (entry: string) => state.get(prefix + entry),
    set: (entry: string, value: unknown) => state.set(prefix + entry, value),
    delete: (entry: string) => state.delete(prefix + entry),
    entries: () =>
      [...state]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value])
        .values(),
  }
}
