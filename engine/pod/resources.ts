/**
 * What the operators of a pod need besides the log, such as a pool of connections. The pod opens it before it joins its group,
 * closes it after it has left, and asks for its health to answer the readiness probe.
 */
import { CaudalError, failureFields, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'

/** Something outside that operators use, such as a pool of connections. It is open for as long as the pod works. */
export interface Resource {
  /** Names the resource in messages. */
  readonly name: string
  /** Called once. A failure rejects `run` with RESOURCE_FAILED. Resources that are open by then are closed. */
  open(): Promise<void>
  /** Called once, after the pod has left and no operator runs any more. Also called when the pod fails. */
  close(): Promise<void>
  /** Whether the resource works, so that the pod is ready. A throw counts as no. Left out: yes. */
  healthy?(): boolean | Promise<boolean>
}

/** A resource as the probes see it. */
export interface Health {
  /** Names the resource in the answer of the probe. */
  readonly name: string
  /** Resolves with `false` while the resource does not answer. */
  isHealthy(): Promise<boolean>
}

export class Resources {
  readonly #resources: readonly Resource[]
  readonly #logger: Logger
  /** The open resources, in the order of their opening. */
  readonly #open: Resource[] = []
  /** Questions under way: at most one per resource, however many probes ask. */
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

  /** Opens them one after another, in their order. Rejects with RESOURCE_FAILED at the first failure. */
  async open(): Promise<void> {
    for (const resource of this.#resources) {
      if (this.#isClosed) return
      await this.#openOne(resource)
      // The pod has ended meanwhile, and has closed the resources that were open then.
      if (this.#isClosed) await this.#closeOne(resource)
      else this.#open.push(resource)
    }
  }

  /** Closes them in the opposite order. Never rejects: a failure is logged, and the rest is closed. */
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
      this.#logger.warn('a resource was not closed', { resource: resource.name, ...failureFields(error) })
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
