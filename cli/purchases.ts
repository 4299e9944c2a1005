/** Which completions were bought, and which of them twice, remembered beyond the end of this process. */
import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderFailure, makeFolder } from '#engine/disk/folder.ts'
import type { Model } from '#models/model.ts'

/** Bytes of the file that are remembered, some hundred thousand completions; the oldest are forgotten first. */
const REMEMBERED_BYTES = 4 * 1024 * 1024
/** Whatever else is in the file is no request id. */
const REQUEST_ID = /^[\x21-\x7e]{1,1000}$/
/** The first line of a file that was cut: how many had been bought twice by then. */
const TWICE_BEFORE = /^# bought twice before: (\d+)$/

/**
 * One line a completion, written before its answer is used. A process that is killed between the two has bought the answer
 * all the same, and the next process must not overlook that. At twice the bytes that are remembered the file is written
 * again without its older half.
 */
export class PurchaseLedger {
  /** Completions that had been bought before under the same request id. */
  twice = 0
  readonly #known = new Set<string>()
  readonly #path: string | undefined
  readonly #onUnwritten: (error: unknown) => void
  readonly #rememberedBytes: number
  #file: number | undefined
  #fileBytes = 0
  /** What found no room yet. */
  #unwritten: Buffer = Buffer.alloc(0)
  #isTold = false

  /**
   * Without a path it remembers only as long as it lives. Says once when it cannot write, until it could again. Throws
   * FOLDER_REFUSED or LOG_FULL where the file cannot be opened.
   */
  constructor(
    path?: string,
    onUnwritten: (error: unknown) => void = () => undefined,
    rememberedBytes = REMEMBERED_BYTES,
  ) {
    this.#path = path
    this.#onUnwritten = onUnwritten
    this.#rememberedBytes = rememberedBytes
    if (path === undefined) return
    this.#file = opened(path)
    this.#fileBytes = fstatSync(this.#file).size
    for (const line of this.#lines(this.#file)) this.#remember(line)
    this.#attempt(() => this.#cut())
  }

  bought(requestId: string): void {
    this.#count(requestId)
    if (this.#file === undefined) return
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(`${requestId}\n`)])
    this.#write()
  }

  close(): void {
    if (this.#file === undefined) return
    this.#write()
    closeSync(this.#file)
  }

  /** An answer is not thrown away because the disk is full: its line waits and goes with the next one. */
  #write(): void {
    this.#attempt(() => {
      while (this.#file !== undefined && this.#unwritten.length > 0) {
        const written = writeSync(this.#file, this.#unwritten)
        this.#fileBytes += written
        this.#unwritten = this.#unwritten.subarray(written)
      }
      this.#cut()
    })
  }

  #attempt(action: () => void): void {
    try {
      action()
      this.#isTold = false
    } catch (error) {
      if (!this.#isTold) this.#onUnwritten(error)
      this.#isTold = true
    }
  }

  /** Puts what is remembered in the place of a file that has become too long. */
  #cut(): void {
    if (this.#path === undefined || this.#file === undefined) return
    if (this.#fileBytes <= 2 * this.#rememberedBytes) return
    this.#forget()
    const text = [`# bought twice before: ${this.twice}`, ...this.#known, ''].join('\n')
    writeFileSync(`${this.#path}.new`, text)
    renameSync(`${this.#path}.new`, this.#path)
    closeSync(this.#file)
    this.#file = openSync(this.#path, 'a')
    this.#fileBytes = Buffer.byteLength(text)
  }

  /** The lines of the last part of the file, the first one where they are whole. */
  #lines(file: number): readonly string[] {
    const length = Math.min(this.#fileBytes, 2 * this.#rememberedBytes)
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, this.#fileBytes - length)
    const lines = bytes.toString('utf8').split('\n')
    return length < this.#fileBytes ? lines.slice(1) : lines
  }

  #remember(line: string): void {
    const before = TWICE_BEFORE.exec(line)?.[1]
    if (before !== undefined) this.twice += Number(before)
    else if (REQUEST_ID.test(line)) this.#count(line)
  }

  #count(requestId: string): void {
    if (this.#known.has(requestId)) this.twice++
    this.#known.add(requestId)
    if (this.#path === undefined && this.#known.size > REQUEST_IDS_MAX) this.#forgetOldest()
  }

  #forget(): void {
    let bytes = [...this.#known].reduce((sum, id) => sum + id.length + 1, 0)
    for (const id of this.#known) {
      if (bytes <= this.#rememberedBytes) return
      bytes -= id.length + 1
      this.#known.delete(id)
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#known
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

function opened(path: string): number {
  try {
    makeFolder(dirname(path))
    return openSync(path, 'a+')
  } catch (error) {
    throw folderFailure(path, error)
  }
}

/** Request ids remembered without a file. */
const REQUEST_IDS_MAX = 200_000

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
