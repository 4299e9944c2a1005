/** A file that is read twice by one descriptor: what comes the second time is what was checked, or nothing. */
import { hash } from 'node:crypto'
import { type BigIntStats, close, fstat, open, read } from 'node:fs'
import { promisify } from 'node:util'
import { type InputFault, refused, unreadable } from './input-fault.ts'

const BLOCK_BYTES = 1024 * 1024

const opened = promisify(open)
const closed = promisify(close)
const stated = promisify(fstat)
const readAt = promisify(read)

/**
 * - Another file under the same name changes nothing: the descriptor keeps the file that was checked.
 * - Where the file has become shorter, or was written again, REJECTED says so before anything of it is fed.
 * - Each block is compared with its digest, so a file that is written while it is fed ends in REJECTED at that block.
 * - What was added at the end is not read.
 *
 * The opener closes the file.
 */
export class CheckedFile {
  readonly #path: string
  readonly #descriptor: number
  /** Of each block of the check. */
  #digests: string[] = []
  #bytes = 0
  #writtenAt = 0n
  #reading: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  static async open(path: string): Promise<CheckedFile> {
    try {
      return new CheckedFile(path, await opened(path, 'r'))
    } catch (error) {
      throw unreadable(path, error)
    }
  }

  /** From its beginning, as far as it is asked for. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      const block = await this.#block(at, BLOCK_BYTES)
      if (block.length === 0) return
      yield block
      at += block.length
    }
  }

  /** Read to its end, with a note of what was there. */
  async *check(): AsyncGenerator<Buffer> {
    this.#digests = []
    this.#bytes = 0
    for await (const block of this.read()) {
      this.#digests.push(digestOf(block))
      this.#bytes += block.length
      yield block
    }
    this.#writtenAt = (await this.#state()).mtimeNs
  }

  /** What was checked, and no byte that was not. */
  async *again(): AsyncGenerator<Buffer> {
    const { size, mtimeNs } = await this.#state()
    const isWritten = size === BigInt(this.#bytes) && mtimeNs !== this.#writtenAt
    if (size < this.#bytes || isWritten) throw this.#changed()
    for (let at = 0; at < this.#bytes; at += BLOCK_BYTES) {
      const block = await this.#block(at, Math.min(BLOCK_BYTES, this.#bytes - at))
      if (digestOf(block) !== this.#digests[at / BLOCK_BYTES]) throw this.#changed()
      yield block
    }
  }

  /** Once what reads at this moment has its bytes: the number of the descriptor may belong to another file right after. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reading.catch(() => undefined) // The reader gets the error.
    await closed(this.#descriptor)
  }

  /** As many bytes as there are: a read may give fewer. None once the file is closed. */
  async #block(position: number, bytes: number): Promise<Buffer> {
    const block = Buffer.allocUnsafe(bytes)
    let filled = 0
    try {
      while (filled < bytes && !this.#isClosed) {
        const left = bytes - filled
        const reading = readAt(this.#descriptor, block, filled, left, position + filled)
        this.#reading = reading
        const { bytesRead } = await reading
        if (bytesRead === 0) break
        filled += bytesRead
      }
    } catch (error) {
      throw unreadable(this.#path, error)
    }
    return block.subarray(0, filled)
  }

  async #state(): Promise<BigIntStats> {
    return stated(this.#descriptor, { bigint: true }).catch(error => {
      throw unreadable(this.#path, error)
    })
  }

  #changed(): InputFault {
    return refused(this.#path, 'has changed since it was checked')
  }
}

const digestOf = (block: Buffer): string => hash('sha256', block, 'base64')
