/** The provider's process as its parent sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Profile } from '#models/simulated/profile.ts'
import type { ProviderReport, ProviderRequest } from './provider.ts'

const PROGRAM = fileURLToPath(new URL('./provider.ts', import.meta.url))

export class ProviderProcess implements AsyncDisposable {
  /** Base address for clients; it stays the same when the provider comes back. */
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(profile: Partial<Profile>): Promise<ProviderProcess> {
    const child = fork(PROGRAM, [JSON.stringify(profile)], { execArgv: [] })
    const [url] = await once(child, 'message')
    return new ProviderProcess(child, String(url))
  }

  /** Holds for calls that arrive from now on. */
  async behave(profile: Partial<Profile>): Promise<void> {
    await this.#ask({ type: 'profile', profile })
  }

  /** Breaks off what is in flight; connections are refused until `up`. */
  async down(): Promise<void> {
    await this.#ask({ type: 'down' })
  }

  async up(): Promise<void> {
    await this.#ask({ type: 'up' })
  }

  /** Completions bought so far. */
  async count(): Promise<number> {
    return Number(await this.#ask({ type: 'count' }))
  }

  async report(): Promise<ProviderReport> {
    // It answers this request with nothing else.
    return (await this.#ask({ type: 'report' })) as ProviderReport
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  /** One request at a time. */
  async #ask(request: ProviderRequest): Promise<unknown> {
    const answered = once(this.#child, 'message')
    this.#child.send(request)
    const [answer] = await answered
    return answer
  }
}
