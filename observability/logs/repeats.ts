/**
 * Equal lines become one with a count. Ten of a kind are written in a minute, and those above are counted. The last of them
 * is written at the end of the minute, with their number. So a provider that is away for a night fills no disk.
 */
import type { System } from '#core/system.ts'

const LINES_MAX = 10
const WINDOW_MS = 60_000
/** Kinds beyond it are not counted, and all of their lines are written. */
const KINDS_MAX = 1_000

interface Kind {
  lines: number
  held: number
  writeHeld: (repeated: number) => void
}

export class Repeats implements Disposable {
  readonly #system: System
  readonly #kinds = new Map<string, Kind>()
  #from: number
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(system: System) {
    this.#system = system
    this.#from = Number.NEGATIVE_INFINITY
  }

  /** Calls `write` now, or once for many at the end of the minute with how many of its kind were not written. */
  line(name: string, write: (repeated?: number) => void): void {
    this.#begin()
    const kind = this.#kinds.get(name)
    if (!kind) {
      if (this.#kinds.size < KINDS_MAX) this.#kinds.set(name, { lines: 1, held: 0, writeHeld: write })
      return write()
    }
    if (this.#isClosed || ++kind.lines <= LINES_MAX) return write()
    kind.held++
    kind.writeHeld = write
    this.#cancel ??= this.#system.after(this.#from + WINDOW_MS - this.#system.monotonic(), () => this.#end())
  }

  /** Writes what is held. Lines that come later are all written, and no timer is left. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#end()
  }

  #begin(): void {
    const now = this.#system.monotonic()
    if (now - this.#from < WINDOW_MS) return
    this.#end()
    this.#from = now
  }

  #end(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const held = [...this.#kinds.values()].filter(kind => kind.held > 0)
    this.#kinds.clear()
    for (const kind of held) kind.writeHeld(kind.held)
  }
}
