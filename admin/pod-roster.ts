/** The list of live pods, for a process that is not a pod. It watches them from the first call on. */
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { hasReports, type KnownPod, PodWatch } from './pods.ts'

/** Before any pod has ever reported there is nothing to watch, and each call looks again. */
export class PodRoster {
  readonly #log: Log
  readonly #application: string
  readonly #system: System
  #watching: Promise<PodWatch | undefined> | undefined

  constructor(log: Log, application: string, system: System) {
    this.#log = log
    this.#application = application
    this.#system = system
  }

  /** By name. Rejects as the log does, where it cannot be read. */
  async pods(): Promise<readonly KnownPod[]> {
    this.#watching ??= this.#watch()
    try {
      const watch = await this.#watching
      if (!watch) this.#watching = undefined
      return watch?.pods ?? []
    } catch (error) {
      this.#watching = undefined
      throw error
    }
  }

  close(): void {
    this.#watching?.then(
      watch => watch?.close(),
      () => undefined, // The caller of `pods` got the error.
    )
  }

  async #watch(): Promise<PodWatch | undefined> {
    if (!(await hasReports(this.#log, this.#application))) return undefined
    const watch = new PodWatch(this.#system)
    await watch.start(this.#log, this.#application)
    return watch
  }
}
