/** What an operator has stored under a key, read from the state topic: the state of the last commit. */
import { asShown } from '#core/codec.ts'
import { decoded } from '#core/decoded.ts'
import { CaudalError } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import type { MapState, ValueState } from '#core/state.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { decodeDue, isExpired, lifetimeOf, unframe } from '#engine/state/frame.ts'
import { type Entry, parseEntry } from '#engine/state/layout.ts'
import type { OperatorNode, Plan, Stage } from '#topology/index.ts'

/** One entry under a key: a value, an entry of a map, or a timer. */
export interface StoredValue {
  readonly state: string
  /** Name within a map. */
  readonly name?: string
  readonly value: unknown
  /** The entry's time to live is over: the operator does not see the entry any more. */
  readonly expired?: true
}

/** Which state is read. */
export interface StateQuestion {
  readonly operator: string
  readonly key: string
  /** Wall time, which decides which entries have expired. */
  readonly now: number
}

/** Values, maps and timers. Rejects with REJECTED if the graph has no such operator. */
export async function storedUnder(
  log: Log,
  plan: Pick<Plan, 'stages'>,
  question: StateQuestion,
): Promise<readonly StoredValue[]> {
  const { node, entries } = await entriesUnder(log, plan, question)
  return Promise.all(entries.map(({ entry, bytes }) => shown(entry, bytes, node, question.now)))
}

/** An entry of the state as the last commit has left it. */
export interface StoredEntry {
  readonly entry: Keyed
  readonly bytes: Uint8Array
  readonly record: LogRecord
  readonly partition: number
}

/** Rejects with REJECTED if the graph has no such operator. */
export async function entriesUnder(
  log: Log,
  { stages }: Pick<Plan, 'stages'>,
  { operator, key }: Pick<StateQuestion, 'operator' | 'key'>,
): Promise<{ readonly node: OperatorNode; readonly entries: readonly StoredEntry[] }> {
  const stage = stages.find(({ operators }) => operators.has(operator))
  const node = stage?.operators.get(operator)
  if (!stage || !node)
    throw new CaudalError('REJECTED', { reason: `there is no operator ${operator}; ${known(stages)}` })
  const partition = partitionOf(Buffer.from(key), stage.partitions)
  const entries = new Map<string, StoredEntry>()
  await readAll(log, [{ topic: stage.stateTopic, partition }], record => {
    const text = record.key && asShown(record.key)
    const entry = text ? parseEntry(text) : undefined
    if (!text || !entry || !('key' in entry) || entry.operator !== operator || entry.key !== key) return
    const { value: bytes } = record
    if (bytes) entries.set(text, { entry, bytes, record, partition })
    else entries.delete(text)
  })
  return { node, entries: [...entries.values()] }
}

/** Whether the operator does not see the entry any more: its time to live is over. */
export function isOver({ entry, bytes }: StoredEntry, { operator }: OperatorNode, now: number): boolean {
  const declared = entry.kind === 'timer' ? undefined : operator.state[entry.state]
  return declared !== undefined && isExpired(bytes, lifetimeOf(declared), now)
}

const known = (stages: readonly Stage[]): string =>
  `there are ${stages.flatMap(({ operators }) => [...operators.keys()]).join(', ')}`

type Keyed = Extract<Entry, { readonly key: string }>

async function shown(
  entry: Keyed,
  bytes: Uint8Array,
  { operator }: OperatorNode,
  now: number,
): Promise<StoredValue> {
  if (entry.kind === 'timer')
    return { state: `timer ${entry.name}`, value: new Date(decodeDue(bytes)).toISOString() }
  const declared: ValueState<unknown> | MapState<unknown> | undefined = operator.state[entry.state]
  if (!declared) return { state: entry.state, value: '(not declared any more)' }
  return {
    state: entry.state,
    ...(entry.kind === 'map' && { name: entry.name }),
    value: await decoded(declared.codec, unframe(bytes, entry.state)),
    ...(isExpired(bytes, lifetimeOf(declared), now) && { expired: true }),
  }
}
