/** A pod as in production: `caudal run` in a process of its own, configured by its environment alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { invariant } from '#core/errors.ts'

const PROGRAM = fileURLToPath(new URL('../../cli/caudal.ts', import.meta.url))

export type Environment = Readonly<Record<string, string>>

export class PodProcess {
  /** How often the pod ended without a request. */
  restarts = 0
  readonly name: string
  readonly #environment: Environment
  readonly #logFile: string
  readonly #onEnded: (told: string) => void
  #child: ChildProcess | undefined
  #isWanted = false

  constructor(environment: Environment, logFile: string, onEnded: (told: string) => void) {
    this.name = environment.POD_NAME ?? ''
    this.#environment = environment
    this.#logFile = logFile
    this.#onEnded = onEnded
  }

  start(): void {
    invariant(!this.#isWanted, `${this.name} runs`)
    this.#isWanted = true
    const { PATH = '' } = process.env
    const child = spawn(process.execPath, [PROGRAM, 'run'], {
      env: { PATH, ...this.#environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    child.stderr?.pipe(createWriteStream(this.#logFile, { flags: 'a' }))
    child.once('exit', (code, signal) => {
      if (!this.#isWanted) return
      this.#isWanted = false
      this.restarts++
      this.#onEnded(`${this.name} ended by itself (${code ?? signal}); see ${this.#logFile}`)
    })
    this.#child = child
  }

  get isRunning(): boolean {
    return this.#isWanted
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** The pod finishes what is in flight and hands over. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#isWanted || !this.#child) return
    this.#isWanted = false
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }
}
