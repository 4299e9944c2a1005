/** A block of lines that is redrawn in place on a terminal; elsewhere, a line now and then. */

import { cut } from '#core/cut.ts'
import type { Screen } from '../command/command.ts'

const WIDTH_DEFAULT = 100

/** Everything else that is to be seen meanwhile goes through `note`, which keeps it above the block. */
export class LiveView {
  readonly #screen: Screen
  #drawn: readonly string[] = []

  constructor(screen: Screen) {
    this.#screen = screen
  }

  get isLive(): boolean {
    return this.#screen.isTTY === true
  }

  get width(): number {
    return this.#screen.columns ?? WIDTH_DEFAULT
  }

  draw(lines: readonly string[]): void {
    // A line that wraps would be two on the screen and leave its half behind.
    const fitting = lines.map(line => line.slice(0, this.width - 1))
    this.#screen.write(`${this.#erasure()}${fitting.join('\n')}\n`)
    this.#drawn = fitting
  }

  /** Text that stays. */
  note(text: string): void {
    this.#screen.write(`${this.#erasure()}${text.endsWith('\n') ? text : `${text}\n`}`)
  }

  /** Takes the block away. */
  clear(): void {
    const erasure = this.#erasure()
    if (erasure !== '') this.#screen.write(erasure)
  }

  /** Leaves the block where it is: what comes is written below it. */
  settle(): void {
    this.#drawn = []
  }

  #erasure(): string {
    // A terminal that was made narrower since has folded them.
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / this.width)), 0)
    this.#drawn = []
    return rows > 0 ? `\x1b[${rows}A\x1b[J` : ''
  }
}

/** A line with the share done, the rate and the time left, for work whose size may be unknown. */
export function progressLine(
  what: string,
  done: number,
  total: number | undefined,
  elapsedMs: number,
): string {
  const rate = elapsedMs > 0 ? (done * 1_000) / elapsedMs : 0
  const known = total !== undefined && total > 0
  const share = known ? ` of ${total.toLocaleString('en')} (${Math.floor((100 * done) / total)} %)` : ''
  const left = known && rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : ''
  return cut(
    `${what}: ${done.toLocaleString('en')}${share}, ${Math.round(rate).toLocaleString('en')}/s${left}`,
  )
}
