/** The state handles of one operator for one record: codecs, frames and time to live over the record's view of its task. */

import { decodeApart } from '#core/codec.ts'
import { CaudalError, reasonOf, Unavailable } from '#core/errors.ts'
import type {
  MapHandle,
  MapState,
  StateDeclarations,
  StateHandles,
  ValueHandle,
  ValueState,
} from '#core/state.ts'
import { frame, isExpired, lifetimeOf, unframe } from './frame.ts'
import { checkKey, checkName, mapPrefix, valuePrefix } from './layout.ts'

/** What the handles need of a record that is being processed. */
export interface StateAccess {
  readonly operator: string
  readonly key: string
  /** Processing time of the record: what is expired by then is not shown. */
  readonly now: number
  /** Own writes of the record first, then what is staged, then the store. */
  read(entry: string): Uint8Array | undefined
  /** All entries whose key begins with the prefix, own writes included. */
  entries(prefix: string): IterableIterator<readonly [string, Uint8Array]>
  /** Buffers a write of the record; null deletes. */
  write(entry: string, bytes: Uint8Array | null): void
  /** What was read needs something that is not there yet: the record ends without effect, whatever its operator does. */
  postpone?(error: Unavailable): void
}

/**
 * Throws KEY_INVALID at once; reading throws STATE_UNREADABLE or STATE_NEWER, writing ENCODE_FAILED, each with the
 * name of the state; reading throws Unavailable as the codec does.
 */
export function openState<S extends StateDeclarations>(
  declarations: S,
  access: StateAccess,
): StateHandles<S> {
  checkKey(access.operator, access.key)
  const handles: Record<string, unknown> = {}
  for (const slot of slotsOf(declarations, access.operator)) {
    handles[slot.name] = slot.kind === 'value' ? new ValueEntry(slot, access) : new KeyedMap(slot, access)
  }
  return handles as StateHandles<S> // One handle per declaration, of its kind; the codec makes the value's type.
}

/** One declared state of one operator, with what is the same for all keys. */
interface Slot {
  readonly kind: 'value' | 'map'
  readonly name: string
  readonly operator: string
  readonly state: ValueState<unknown> | MapState<unknown>
  readonly ttlMs: number | undefined
  readonly prefix: string
  /** For errors. */
  readonly where: string
}

/** Made once per operator: prefixes are escaped and checked text. Goes with the declarations. */
const slots = new WeakMap<StateDeclarations, Map<string, readonly Slot[]>>()

function slotsOf(declarations: StateDeclarations, operator: string): readonly Slot[] {
  const known = slots.get(declarations)?.get(operator)
  if (known) return known
  const made = Object.entries(declarations).map(([name, state]): Slot => {
    const prefix = state.kind === 'value' ? valuePrefix(operator, name) : mapPrefix(operator, name)
    return {
      kind: state.kind,
      name,
      operator,
      state,
      ttlMs: lifetimeOf(state),
      prefix,
      where: `${operator}.${name}`,
    }
  })
  const byOperator = slots.get(declarations) ?? new Map<string, readonly Slot[]>()
  slots.set(declarations, byOperator.set(operator, made))
  return made
}

class ValueEntry implements ValueHandle<unknown> {
  readonly #slot: Slot
  readonly #access: StateAccess
  readonly #entry: string

  constructor(slot: Slot, access: StateAccess) {
    this.#slot = slot
    this.#access = access
    this.#entry = slot.prefix + access.key
  }

  get(): unknown {
    return decode(this.#slot, this.#access, this.#access.read(this.#entry))
  }

  set(value: unknown): void {
    this.#access.write(this.#entry, encode(this.#slot, this.#access, value))
  }

  delete(): void {
    this.#access.write(this.#entry, null)
  }
}

class KeyedMap implements MapHandle<unknown> {
  readonly #slot: Slot
  readonly #access: StateAccess
  readonly #prefix: string

  constructor(slot: Slot, access: StateAccess) {
    this.#slot = slot
    this.#access = access
    this.#prefix = `${slot.prefix}${access.key.length}:${access.key}`
  }

  get(name: string): unknown {
    return decode(this.#slot, this.#access, this.#access.read(this.#entry(name)))
  }

  set(name: string, value: unknown): void {
    this.#access.write(this.#entry(name), encode(this.#slot, this.#access, value))
  }

  delete(name: string): void {
    this.#access.write(this.#entry(name), null)
  }

  entries(): IterableIterator<[string, unknown]> {
    return this.#walk(this.#access.entries(this.#prefix))
  }

  *#walk(entries: Iterable<readonly [string, Uint8Array]>): IterableIterator<[string, unknown]> {
    for (const [entry, bytes] of entries) {
      const value = decode(this.#slot, this.#access, bytes)
      if (value !== undefined) yield [entry.slice(this.#prefix.length), value]
    }
  }

  #entry(name: string): string {
    checkName(this.#slot.operator, name)
    return this.#prefix + name
  }
}

function decode(slot: Slot, access: StateAccess, bytes: Uint8Array | undefined): unknown {
  const { ttlMs } = slot
  const { codec } = slot.state
  if (!bytes || isExpired(bytes, ttlMs, access.now)) return undefined
  const payload = unframe(bytes, slot.where)
  try {
    return decodeApart(codec, payload)
  } catch (error) {
    if (error instanceof Unavailable) {
      access.postpone?.(error)
      throw error
    }
    const details = { node: slot.operator, state: slot.name, codec: codec.name, reason: reasonOf(error) }
    throw new CaudalError('STATE_UNREADABLE', details, error)
  }
}

function encode(slot: Slot, { now }: StateAccess, value: unknown): Uint8Array {
  const { ttlMs } = slot
  const { codec } = slot.state
  try {
    return frame(codec.encode(value), { now, ttl: ttlMs })
  } catch (error) {
    const details = {
      node: slot.operator,
      target: `state ${slot.name}`,
      codec: codec.name,
      reason: reasonOf(error),
    }
    throw new CaudalError('ENCODE_FAILED', details, error)
  }
}
