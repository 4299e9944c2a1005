/** A world for a command: streams in memory, settings of its own, an end on demand. */
import { PassThrough, Readable, Writable } from 'node:stream'
import type { Screen, Surroundings } from '#cli/command/command.ts'
import { realSystem, type System } from '#core/system.ts'

export class MemoryScreen extends Writable implements Screen {
  text = ''
  readonly isTTY: boolean
  readonly columns = 110

  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk
    this.emit('text')
    done()
  }

  /** Resolves as soon as what was written matches. */
  until(pattern: RegExp): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (!pattern.test(this.text)) return
        this.off('text', look)
        resolve()
      }
      this.on('text', look)
      look()
    })
  }
}

export interface Options {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly isTTY?: boolean
  readonly system?: System
}

/** A hundred times as fast, for what waits half a minute before it gives up. */
export const hastySystem: System = {
  ...realSystem,
  monotonic: () => realSystem.monotonic() * 100,
  after: (delayMs, callback) => realSystem.after(delayMs / 100, callback),
}

export function surroundings(options: Options = {}) {
  const { environment = {}, input = '', isTTY = false, system = realSystem } = options
  const stopping = new AbortController()
  const keyboard = Object.assign(new PassThrough(), { isTTY: true })
  const stdout = new MemoryScreen(isTTY)
  const stderr = new MemoryScreen(isTTY)
  const world: Surroundings = {
    stdin: isTTY ? keyboard : Readable.from([input]),
    stdout,
    stderr,
    environment,
    system,
    signal: stopping.signal,
  }
  return { world, stdout, stderr, keyboard, stop: () => stopping.abort() }
}
