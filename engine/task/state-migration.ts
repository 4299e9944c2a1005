/** Compares stored state with the declared states of a stage. Refuses state without an owner; renames and drops on request. */
import { asText } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import {
  LAYOUT,
  MARKER_PREFIX,
  mapPrefix,
  markerEntry,
  timerPrefix,
  valuePrefix,
} from '#engine/state/layout.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { Stage } from '#topology/plan.ts'

const FORMAT = 1

export interface Migration {
  readonly renamedState: Readonly<Record<string, string>>
  readonly droppedState: readonly string[]
}

/** The writes that make the state fit the stage. Throws STATE_UNOWNED or STATE_NEWER. */
export function migrateLayout(
  state: TaskState,
  stage: Stage,
  task: string,
  migration: Migration,
): Map<string, Uint8Array | null> {
  const writes = new Map<string, Uint8Array | null>()
  const declared = declaredNames(stage)
  const stored = storedNames(state, task)
  const unowned: string[] = []
  for (const name of stored.filter(each => !declared.includes(each))) {
    const renamed = migration.renamedState[name]
    if (renamed !== undefined && declared.includes(renamed)) move(state, name, renamed, writes)
    else if (migration.droppedState.includes(name)) move(state, name, undefined, writes)
    else unowned.push(name)
  }
  if (unowned.length > 0) {
    throw new CaudalError('STATE_UNOWNED', { stage: stage.name, names: unowned.join(', ') })
  }
  if (declared.join() !== stored.join()) {
    writes.set(LAYOUT, Buffer.from(JSON.stringify({ format: FORMAT, names: declared })))
  }
  return writes
}

/** `operator.state` and `operator.timer` names of a stage, sorted. */
function declaredNames(stage: Stage): string[] {
  const nodes = [...stage.operators.values()]
  return nodes
    .flatMap(({ name, operator }) =>
      [...Object.keys(operator.state), ...operator.timers].map(each => `${name}.${each}`),
    )
    .sort()
}

function storedNames(state: TaskState, task: string): string[] {
  const stored = state.get(LAYOUT)
  if (!stored) return []
  const layout = JSON.parse(asText(stored)) as { format: number; names: string[] } // Only this file writes this entry.
  if (layout.format > FORMAT) {
    throw new CaudalError('STATE_NEWER', { task, format: layout.format, known: FORMAT })
  }
  return layout.names
}

function move(
  state: TaskState,
  from: string,
  to: string | undefined,
  writes: Map<string, Uint8Array | null>,
): void {
  for (const prefix of prefixesOf(from)) {
    for (const [entry, value] of state.entries(prefix.text)) {
      writes.set(entry, null)
      if (to !== undefined) writes.set(prefix.of(to) + entry.slice(prefix.text.length), value)
    }
  }
}

function prefixesOf(name: string) {
  const makers = [valuePrefix, mapPrefix, timerPrefix]
  return makers.map(make => ({ text: split(name, make), of: (other: string) => split(other, make) }))
}

function split(name: string, make: (operator: string, state: string) => string): string {
  const dot = name.indexOf('.')
  return make(name.slice(0, dot), name.slice(dot + 1))
}

/** The end of all earlier markers. Their writers are out, so the first commit deletes the markers. */
export function endOfMarkers(state: TaskState, own: string | undefined): ReadonlyMap<string, null> {
  const ours = markerEntry(own ?? '')
  const before = [...state.entries(MARKER_PREFIX)].filter(([entry]) => entry !== ours)
  return new Map(before.map(([entry]) => [entry, null]))
}
