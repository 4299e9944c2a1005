/** Committed state of a topology under test, read from its state topics: what a restart would find. */
import { asShown } from '#core/codec.ts'
import type { LogRecord } from '#core/record.ts'
import type { MapHandle, StateDeclarations, ValueHandle } from '#core/state.ts'
import { decodeDue } from '#engine/state/frame.ts'
import { openState } from '#engine/state/keyed-state.ts'
import { timerEntry } from '#engine/state/layout.ts'
import type { Plan, Stage } from '#topology/plan.ts'
import type { OperatorNode } from '#topology/topology.ts'
import { listed, misuse } from './misuse.ts'
import type { World } from './world.ts'

export class KitState {
  readonly #world: World
  readonly #plan: () => Plan

  constructor(world: World, plan: () => Plan) {
    this.#world = world
    this.#plan = plan
  }

  /** A value state's value, or a map state's entries as an object; `undefined` where there is nothing. */
  get(operator: string, state: string, key: string): unknown {
    const { stage, node } = this.#find(operator)
    const entries = this.#entries(stage)
    const declared = node.operator.state
    if (!declared[state]) {
      throw misuse(
        `operator ${operator} declares no state ${state}; it has: ${listed(Object.keys(declared))}`,
      )
    }
    return readState(node, key, this.#world.time.system.now(), entriesOf(entries))[state]
  }

  /** When the timer is due; `undefined` where none is set. */
  timer(operator: string, name: string, key: string): number | undefined {
    const { stage, node } = this.#find(operator)
    const { timers } = node.operator
    if (!timers.includes(name)) {
      throw misuse(`operator ${operator} declares no timer ${name}; it has: ${listed(timers)}`)
    }
    const due = this.#entries(stage).get(timerEntry(operator, name, key))
    return due && decodeDue(due)
  }

  #find(operator: string): { readonly stage: Stage; readonly node: OperatorNode } {
    const { stages } = this.#plan()
    for (const stage of stages) {
      const node = stage.operators.get(operator)
      if (node) return { stage, node }
    }
    const names = stages.flatMap(stage => [...stage.operators.keys()])
    throw misuse(`there is no operator ${operator} in the graph; it has: ${listed(names)}`)
  }

  /** A key lives in one partition, so that the partitions can be read as one. */
  #entries(stage: Stage): Entries {
    const entries = new Map<string, Uint8Array>()
    for (const records of this.#world.broker.inspect.committed(stage.stateTopic)) apply(records, entries)
    return entries
  }
}

type Entries = ReadonlyMap<string, Uint8Array>

/** Where entries are read from. */
interface Reads {
  get(entry: string): Uint8Array | undefined
  entries(prefix: string): IterableIterator<readonly [string, Uint8Array]>
}

function entriesOf(entries: Entries): Reads {
  return {
    get: entry => entries.get(entry),
    entries: prefix => [...entries].filter(([entry]) => entry.startsWith(prefix)).values(),
  }
}

function apply(records: readonly LogRecord[], entries: Map<string, Uint8Array>): void {
  for (const { key, value } of records) {
    if (!key) continue
    if (value) entries.set(asShown(key), value)
    else entries.delete(asShown(key))
  }
}

/** All states of one operator and key. */
export function readState(
  node: { readonly name: string; readonly operator: { readonly state: StateDeclarations } },
  key: string,
  now: number,
  reads: Reads,
): Record<string, unknown> {
  // The handles' own types were forgotten with the operator's: each is one of the two kinds.
  const handles: Readonly<Record<string, ValueHandle<unknown> | MapHandle<unknown>>> = openState(
    node.operator.state,
    {
      operator: node.name,
      key,
      now,
      read: entry => reads.get(entry),
      entries: prefix => reads.entries(prefix),
      write: () => {
        throw misuse('state is only read here')
      },
    },
  )
  return Object.fromEntries(
    Object.entries(handles).map(([name, handle]) => [
      name,
      'entries' in handle ? contentOf(handle.entries()) : handle.get(),
    ]),
  )
}

function contentOf(entries: Iterable<[string, unknown]>): Record<string, unknown> | undefined {
  const all = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return all.length > 0 ? Object.fromEntries(all) : undefined
}
