/** The schemas that others wrote with, by id: fetched once each, from a registry that may be down. */
import { CaudalError, NotYetReadable, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { RETRIES, whileUnavailable } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import { AvroType } from './avro-type.ts'
import type { SchemaRegistry } from './registry.ts'

/** How long an id that the registry does not have is not asked for again. */
const ABSENT_FOR_MS = 60_000
const ABSENT_MAX = 10_000

export interface Writers {
  /** Throws SCHEMA_MISSING, or NotYetReadable while the schema is being fetched. */
  typeOf(id: number, reader: string): AvroType
}

export interface WritersOptions {
  readonly registry: SchemaRegistry
  readonly system: System
  readonly logger: Logger
  /** Aborted when nobody needs them any more: a registry that is down is asked no longer. */
  readonly signal?: AbortSignal
  /**
   * For a command that does one thing: gives up on a registry that is down for so long, and at once where waiting cannot help.
   * A pod, which leaves it out, asks again for ever.
   */
  readonly patienceMs?: number
}

interface Absent {
  readonly reason: string | undefined
  readonly at: number
}

/**
 * An unknown id is fetched in the background, by one request however many records wait for it. While the registry is down
 * the request is repeated after growing pauses, as long as patience lasts. The answer of the registry is remembered: a schema for ever, since ids are
 * never given twice; its absence for a minute.
 */
export class FetchedWriters implements Writers {
  readonly #types = new Map<number, AvroType>()
  readonly #absent = new Map<number, Absent>()
  readonly #underWay = new Map<number, Promise<void>>()
  readonly #options: WritersOptions
  /** Patience has ended: nothing is asked for any more. */
  #givenUp: CaudalError | undefined

  constructor(options: WritersOptions) {
    this.#options = options
  }

  typeOf(id: number, reader: string): AvroType {
    const known = this.#types.get(id)
    if (known) return known
    if (this.#givenUp) throw this.#givenUp
    const { registry, system } = this.#options
    const absent = this.#absent.get(id)
    if (!absent || system.monotonic() - absent.at > ABSENT_FOR_MS) {
      throw new NotYetReadable({ id, codec: reader, registry: registry.address }, this.#fetched(id))
    }
    if (absent.reason === undefined) {
      throw new CaudalError('SCHEMA_MISSING', { id, codec: reader, registry: registry.address })
    }
    throw new CaudalError('SCHEMA_MISMATCH', { id, writer: 'unknown', codec: reader, reason: absent.reason })
  }

  #fetched(id: number): Promise<void> {
    const underWay = this.#underWay.get(id) ?? this.#fetch(id).finally(() => this.#underWay.delete(id))
    this.#underWay.set(id, underWay)
    return underWay
  }

  /** Never rejects: whatever goes wrong is a reason to ask again, or to give up. Stays pending once nobody needs it any more. */
  async #fetch(id: number): Promise<void> {
    const { registry, signal, patienceMs } = this.#options
    const again = (error: unknown) => Promise.reject(unavailable(registry, error))
    const ask = () => (patienceMs === undefined ? registry.schemaOf(id).catch(again) : registry.schemaOf(id))
    try {
      this.#keep(id, await untilAvailable(ask, this.#options))
    } catch (error) {
      if (signal?.aborted) await new Promise<never>(() => {})
      if (patienceMs === undefined || !(error instanceof CaudalError)) throw error
      this.#givenUp = error
    }
  }

  #keep(id: number, text: string | undefined): void {
    if (this.#absent.size >= ABSENT_MAX) this.#absent.clear()
    this.#absent.delete(id)
    const at = this.#options.system.monotonic()
    if (text === undefined) {
      this.#absent.set(id, { reason: undefined, at })
      return
    }
    try {
      this.#types.set(id, new AvroType(text, 'loose'))
    } catch (error) {
      this.#absent.set(id, { reason: reasonOf(error), at })
    }
  }
}

/** Where no registry is configured: records written with another schema cannot be read. */
export const NO_WRITERS: Writers = {
  typeOf(id, reader) {
    throw new CaudalError('SCHEMA_MISSING', {
      id,
      codec: reader,
      registry: 'no registry, for none is configured,',
    })
  },
}

function unavailable({ address }: SchemaRegistry, error: unknown): CaudalError {
  return new CaudalError('REGISTRY_UNAVAILABLE', { registry: address, reason: reasonOf(error) }, error)
}

/**
 * Repeats an operation while the registry is down, and says so. Rejects with the reason of the signal once that is aborted,
 * and with the last error when patience ends.
 */
export function untilAvailable<T>(
  operation: () => Promise<T>,
  { system, logger, signal, patienceMs = Number.POSITIVE_INFINITY }: Omit<WritersOptions, 'registry'>,
): Promise<T> {
  const until = system.monotonic() + patienceMs
  return whileUnavailable(RETRIES.registry, operation, {
    system,
    signal,
    isPassing: error =>
      error instanceof CaudalError && error.action === 'retry' && system.monotonic() < until,
    onPause: (waitMs, error) =>
      logger.warn('the schema registry does not answer: trying again', { waitMs, error: reasonOf(error) }),
  })
}
