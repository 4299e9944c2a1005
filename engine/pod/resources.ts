/**
 * What the operators of a pod need besides the log, such as a pool of connections: opened before the pod joins its group, closed
 * after it has left, and asked for the readiness of the pod.
 */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'

/** Something outside that operators use, such as a pool of connections, with its life around that of the pod. */
export interface Resource {
  /** For messages. */
  readonly name: string
  /** Called once. A failure rejects `run` with RESOURCE_FAILED; resources that are open by then are closed. */
  open(): Promise<void>
  /** Called once, after the pod has left and no operator runs any more; also when the pod fails. */
  close(): Promise<void>
  /** Whether the pod is ready as far as this is concerned. A throw counts as no; left out, the answer is yes. */
  healthy?(): boolean | Promise<boolean>
}

/** A resource as the probes see it. */
export interface Health {
  readonly name: string
  isHealthy(): Promise<boolean>
}

export class Resources {
  readonly #resources: readonly Resource[]
  readonly #logger: Logger
  /** Those that are open, in the order of their opening. */
  readonly #open: Resource[] = []
  /** One question to each at a time, however often it is asked for. */
  readonly #asked = new Map<Resource, Promise<boolean>>()
  #isClosed = false

  constructor(resources: readonly Resource[], logger: Logger) {
    this.#resources = resources
    this.#logger = logger
  }

  get health(): readonly Health[] {
    return this.#resources.map(resource => ({
      name: resource.name,
      isHealthy: () => this.#ask(resource),
    }))
  }

  /** One after another, in their order. Rejects with RESOURCE_FAILED at the first that fails. */
  async open(): Promise<void> {
    for (const resource of this.#resources) {
      if (this.#isClosed) return
      await this.#openOne(resource)
      // The pod has ended meanwhile, and closed those that were open then.
      if (this.#isClosed) await this.#closeOne(resource)
      else this.#open.push(resource)
    }
  }

  /** In the opposite order. Never rejects: the rest is closed all the same. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const resource of this.#open.splice(0).reverse()) await this.#closeOne(resource)
  }

  async #openOne(resource: Resource): Promise<void> {
    try {
      await resource.open()
    } catch (error) {
      throw new CaudalError('RESOURCE_FAILED', { name: resource.name, reason: reasonOf(error) }, error)
    }
  }

  async #closeOne(resource: Resource): Promise<void> {
    try {
      await resource.close()
    } catch (error) {
      this.#logger.warn('a resource was not closed', { resource: resource.name, error: reasonOf(error) })
    }
  }

  #ask(resource: Resource): Promise<boolean> {
    const asked = this.#asked.get(resource) ?? healthOf(resource).finally(() => this.#asked.delete(resource))
    this.#asked.set(resource, asked)
    return asked
  }
}

async function healthOf(resource: Resource): Promise<boolean> {
  try {
    return (await resource.healthy?.()) ?? true
  } catch {
    return false
  }
}
