/** Which completions were bought, and which of them twice, remembered beyond the end of this process. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Model } from '#models/model.ts'

/** Request ids remembered; the oldest are forgotten first. */
const REQUEST_IDS_MAX = 1_000_000

/**
 * One line a completion, written before its answer is used: a process that is killed between the two has bought it all
 * the same, and the one that comes after it must not be able to overlook that.
 */
export class PurchaseLedger {
  /** Completions that had been bought before under the same request id. */
  twice = 0
  readonly #known = new Set<string>()
  readonly #file: number | undefined
  readonly #onUnwritten: (error: unknown) => void
  /** What found no room yet. */
  #unwritten: Buffer = Buffer.alloc(0)
  #isTold = false

  /** Without a path it remembers only as long as it lives. Says once when it cannot write, until it could again. */
  constructor(path?: string, onUnwritten: (error: unknown) => void = () => undefined) {
    this.#onUnwritten = onUnwritten
    if (path === undefined) return
    mkdirSync(dirname(path), { recursive: true })
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
    for (const line of lines) if (line !== '') this.#count(line)
    this.#file = openSync(path, 'a')
  }

  bought(requestId: string): void {
    this.#count(requestId)
    if (this.#file === undefined) return
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(`${requestId}\n`)])
    this.#write(this.#file)
  }

  close(): void {
    if (this.#file === undefined) return
    this.#write(this.#file)
    closeSync(this.#file)
  }

  /** An answer is not thrown away because the disk is full: its line waits and goes with the next one. */
  #write(file: number): void {
    try {
      while (this.#unwritten.length > 0)
        this.#unwritten = this.#unwritten.subarray(writeSync(file, this.#unwritten))
      this.#isTold = false
    } catch (error) {
      if (!this.#isTold) this.#onUnwritten(error)
      this.#isTold = true
    }
  }

  #count(requestId: string): void {
    if (this.#known.has(requestId)) this.twice++
    this.#known.add(requestId)
    if (this.#known.size <= REQUEST_IDS_MAX) return
    for (const oldest of this.#known) {
      this.#known.delete(oldest)
      break
    }
  }
}

/** A model whose answers are entered as they arrive: for providers that do not tell what they have sold. */
export function entered(model: Model, onBought: (requestId: string) => void): Model {
  return {
    async complete(request, call) {
      const reply = await model.complete(request, call)
      onBought(call.requestId)
      return reply
    },
  }
}
