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

  /** Without a path it remembers only as long as it lives. */
  constructor(path?: string) {
    if (path === undefined) return
    mkdirSync(dirname(path), { recursive: true })
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
    for (const line of lines) if (line !== '') this.#count(line)
    this.#file = openSync(path, 'a')
  }

  bought(requestId: string): void {
    if (this.#file !== undefined) writeSync(this.#file, `${requestId}\n`)
    this.#count(requestId)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
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
