/** Stops calls whose replies cannot be read: that is a fault of the set-up, and further purchases do not fix it. */
import type { Logger } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { type Model, ModelError, type ModelRequest } from './model.ts'
import { readJson } from './structured.ts'

/** When replies count as unreadable, and how often one more is bought to find out. */
export interface ReadableOptions {
  /** Different subjects whose replies could not be read, with none between that could, before calls are held back. */
  readonly unreadableMax?: number
  /** How often one call goes all the same, to see whether the set-up is fixed. */
  readonly probeMs?: number
  readonly logger?: Pick<Logger, 'info' | 'warn'>
}

/** A model that buys nothing while its replies cannot be read. */
export interface ReadableModel extends Model {
  /** Why calls are held back; nothing while they are not. */
  heldBy(): string | undefined
}

/** How long a record that is held back stays away. */
const HELD_MS = 10_000

/** The state of one kind of structured reply, by the name of its schema. */
interface Kind {
  readonly unreadable: Set<string>
  reason: string
  isHeld: boolean
  nextAt: number
}

const whyHeld = ([name, { reason }]: readonly [string, Kind], times: number): string =>
  `the last ${times} replies asked for as ${name} could not be read: ${reason}`

/**
 * Checks replies that must be JSON of a schema as they pass. When the replies to `unreadableMax` different subjects in a row
 * are refused or unreadable, every call is held back, at no cost to its record. An answer whose judge cannot be read would
 * be bought for nothing. One call of each kind goes every `probeMs`; the first readable reply ends the pause.
 */
export function readable(
  model: Model,
  options: ReadableOptions = {},
  system: System = realSystem,
): ReadableModel {
  const { unreadableMax = 10, probeMs = 30_000, logger } = options
  const kinds = new Map<string, Kind>()
  let nextOtherAt = 0

  const hold = (request: ModelRequest): void => {
    const held = [...kinds].find(([, { isHeld }]) => isHeld)
    if (!held) return
    const [name, kind] = held
    const now = system.monotonic()
    const isSame = request.schema?.name === name
    if (now >= (isSame ? kind.nextAt : nextOtherAt)) {
      if (isSame) kind.nextAt = now + probeMs
      else nextOtherAt = now + probeMs
      return
    }
    const reason = `no call was made, since ${whyHeld(held, unreadableMax)}`
    throw new ModelError('unavailable', { model: name, spent: false, retryAfterMs: HELD_MS, reason })
  }

  const read = (name: string): void => {
    const isEnd = kinds.get(name)?.isHeld === true
    kinds.delete(name)
    if (isEnd) logger?.info('replies can be read again', { schema: name })
  }

  const unread = (name: string, subject: string, reason: string): void => {
    const kind = kinds.get(name) ?? { unreadable: new Set<string>(), reason, isHeld: false, nextAt: 0 }
    kinds.set(name, kind)
    kind.reason = reason
    kind.unreadable.add(subject)
    if (kind.isHeld || kind.unreadable.size < unreadableMax) return
    kind.isHeld = true
    kind.nextAt = system.monotonic() + probeMs
    nextOtherAt = kind.nextAt
    logger?.warn('no reply can be read: no more are bought, and records wait', { schema: name, reason })
  }

  return {
    heldBy() {
      const held = [...kinds].find(([, { isHeld }]) => isHeld)
      return held && whyHeld(held, unreadableMax)
    },
    async complete(request, call) {
      hold(request)
      const { schema, subject = call.requestId } = request
      try {
        const reply = await model.complete(request, call)
        if (!schema) return reply
        const isRead = request.isReadable ?? (text => 'value' in readJson(text))
        if (reply.fault === undefined && isRead(reply.text)) read(schema.name)
        else unread(schema.name, subject, reply.fault ?? 'it does not fit the schema')
        return reply
      } catch (error) {
        const isRefused = error instanceof ModelError && error.errorType === 'invalid'
        if (schema && isRefused) unread(schema.name, subject, error.reason)
        throw error
      }
    },
  }
}
