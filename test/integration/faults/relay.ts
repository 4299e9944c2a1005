/**
 * One direction of a connection through the proxy: frames in their order, each as late as the network is slow. A cut keeps the
 * frames, as a network does whose ends send again. They arrive after the cut, even from a client that has gone. So a broker may get
 * a request long after its pod gave it up.
 */
import { setTimeout as after } from 'node:timers'

export interface Way {
  readonly isCut: boolean
  readonly latencyMs: number
  readonly bytesPerSecond: number
}

export const CLEAR: Way = { isCut: false, latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY }
export const CUT: Way = { ...CLEAR, isCut: true }

const LOOKS_AGAIN_MS = 20

export class Relay {
  readonly #way: () => Way
  readonly #write: (frame: Buffer) => void
  readonly #waiting: { readonly frame: Buffer; readonly at: number }[] = []
  #timer: NodeJS.Timeout | undefined
  /** When the frame before has left. */
  #freeAt = 0
  #whenEmpty: (() => void) | undefined

  constructor(way: () => Way, write: (frame: Buffer) => void) {
    this.#way = way
    this.#write = write
  }

  push(frame: Buffer): void {
    this.#waiting.push({ frame, at: performance.now() })
    if (this.#timer === undefined) this.#pump()
  }

  /** No more frames come; calls back once the last has left. */
  end(whenEmpty: () => void): void {
    this.#whenEmpty = whenEmpty
    if (this.#timer === undefined) this.#pump()
  }

  /** Forgets what waits: nobody is there to get it. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    this.#whenEmpty = undefined
  }

  #pump(): void {
    this.#timer = undefined
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { isCut, latencyMs, bytesPerSecond } = this.#way()
      const now = performance.now()
      const dueAt = isCut ? now + LOOKS_AGAIN_MS : Math.max(next.at + latencyMs, this.#freeAt)
      if (dueAt > now) return this.#again(Math.min(dueAt - now, LOOKS_AGAIN_MS))
      this.#waiting.shift()
      this.#freeAt = now + (next.frame.length / bytesPerSecond) * 1_000
      this.#write(next.frame)
    }
    if (!this.#whenEmpty) return
    if (this.#way().isCut) this.#again(LOOKS_AGAIN_MS)
    else this.#whenEmpty()
  }

  #again(delayMs: number): void {
    this.#timer = after(() => this.#pump(), delayMs)
  }
}
