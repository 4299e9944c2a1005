/** Finds entries whose time to live is over, a bounded batch at a time; readers do not see them since they expired. */
import type { StateDeclarations } from '#core/state.ts'
import { isExpired, lifetimeOf } from './frame.ts'
import { mapPrefix, valuePrefix } from './layout.ts'
import type { TaskState } from './task-state.ts'

/** Where a sweep goes on. Lives as long as the task's state: the next owner begins at the start. */
export type SweepCursor = IterableIterator<readonly [string, Uint8Array]>

export interface Swept {
  /** Keys of entries to delete: the runtime stages their deletion at once, before any other write. */
  readonly expired: readonly string[]
  /** How many entries were looked at. */
  readonly seen: number
  /** Undefined when everything has been looked at. */
  readonly cursor: SweepCursor | undefined
}

/**
 * Looks at the next `batchMax` entries of the task. `declarations` are those of the stage's operators, by name.
 * One pass goes over all entries, whichever state they are of, so that a batch costs the same in every store.
 */
export function sweepExpired(
  state: TaskState,
  declarations: ReadonlyMap<string, StateDeclarations>,
  now: number,
  batchMax: number,
  cursor: SweepCursor | undefined,
): Swept {
  const lifetimes = lifetimesOf(declarations)
  if (lifetimes.size === 0) return { expired: [], seen: 0, cursor: undefined }
  const isOver = (entry: string, bytes: Uint8Array) => isExpired(bytes, lifetimes.get(prefixOf(entry)), now)
  return sweepEntries(state, cursor ?? state.entries(''), isOver, batchMax)
}

/** Looks at the next `batchMax` of these entries. */
export function sweepEntries(
  state: TaskState,
  entries: SweepCursor,
  isOver: (entry: string, bytes: Uint8Array) => boolean,
  batchMax: number,
): Swept {
  const expired = new Set<string>()
  for (let seen = 0; seen < batchMax; seen++) {
    const next = entries.next()
    if (next.done) return { expired: [...expired], seen, cursor: undefined }
    const [entry, bytes] = next.value
    if (!isOver(entry, bytes)) continue
    // The iterator was held across commits: only what stands now counts.
    const current = state.get(entry)
    if (current && isOver(entry, current)) expired.add(entry)
  }
  return { expired: [...expired], seen: batchMax, cursor: entries }
}

function lifetimesOf(declarations: ReadonlyMap<string, StateDeclarations>): ReadonlyMap<string, number> {
  const lifetimes = new Map<string, number>()
  for (const [operator, states] of declarations) {
    for (const [name, declared] of Object.entries(states)) {
      const prefix = declared.kind === 'value' ? valuePrefix(operator, name) : mapPrefix(operator, name)
      const ttlMs = lifetimeOf(declared)
      if (ttlMs !== undefined) lifetimes.set(prefix, ttlMs)
    }
  }
  return lifetimes
}

/** The part of an entry's key that all entries of its state have. */
function prefixOf(entry: string): string {
  return entry.slice(0, entry.indexOf('/', entry.indexOf('/') + 1) + 1)
}
