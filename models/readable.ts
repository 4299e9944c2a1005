/** Stops calls whose replies are of no use: that is a fault of the set-up, and further purchases do not fix it. */
import type { Logger } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { faultOf, type Model, ModelError, type ModelReply, type ModelRequest } from './model.ts'
import { readJson } from './structured.ts'

/** When replies count as useless, and how often one more is bought to find out. */
export interface ReadableOptions {
  /** Different subjects whose replies could not be read, with none between that could, before calls are held back. */
  readonly unreadableMax?: number
  /** The same for answers in plain text. Each may be cut or withheld for what it says, so that it takes more of them. */
  readonly uselessMax?: number
  /** How often one call goes all the same, to see whether the set-up is fixed. */
  readonly probeMs?: number
  readonly logger?: Pick<Logger, 'info' | 'warn'>
}

/** A model that buys nothing while its replies are of no use. */
export interface ReadableModel extends Model {
  /** Why calls are held back; nothing while they are not. */
  heldBy(): string | undefined
}

/** How long a record that is held back stays away. */
const HELD_MS = 10_000

/** The name of the schema that replies must fit; nothing for text. */
type Name = string | undefined

/** The state of one kind of reply. */
interface Kind {
  readonly name: Name
  readonly useless: Set<string>
  reason: string
  isHeld: boolean
  nextAt: number
}

const whyHeld = ({ name, reason }: Kind, times: number): string =>
  name === undefined
    ? `the last ${times} answers were of no use: ${reason}`
    : `the last ${times} replies asked for as ${name} could not be read: ${reason}`

/** What is logged when calls of a kind are held back, and when they may go again. */
const saidOf = (name: Name) =>
  name === undefined
    ? { held: 'no answer is of use: no more are bought, and records wait', over: 'answers are of use again' }
    : {
        held: 'no reply can be read: no more are bought, and records wait',
        over: 'replies can be read again',
      }

/**
 * Checks replies as they pass. When those to `unreadableMax` different subjects in a row do not fit their schema, all
 * calls are held back. That costs their records nothing. Refusals count as such replies. An answer whose judge cannot be
 * read would be bought for nothing. Text that is empty, cut or withheld holds back text alone: answers that are there are
 * judged. One call of each kind goes every `probeMs`; the first reply that is of use ends the pause.
 */
export function readable(
  model: Model,
  options: ReadableOptions = {},
  system: System = realSystem,
): ReadableModel {
  const { unreadableMax = 10, uselessMax = 20, probeMs = 30_000, logger } = options
  const kinds = new Map<Name, Kind>()
  let nextOtherAt = 0

  const maxOf = (name: Name): number => (name === undefined ? uselessMax : unreadableMax)

  const hold = (request: ModelRequest): void => {
    const own = request.schema?.name
    const held = [...kinds.values()].filter(
      ({ name, isHeld }) => isHeld && (name === own || name !== undefined),
    )
    const now = system.monotonic()
    const early = held.find(({ name, nextAt }) => now < (name === own ? nextAt : nextOtherAt))
    if (early) {
      const reason = `no call was made, since ${whyHeld(early, maxOf(early.name))}`
      const common = { model: early.name ?? request.model ?? 'unknown', reason }
      throw new ModelError('unavailable', { ...common, spent: false, retryAfterMs: HELD_MS })
    }
    for (const kind of held)
      if (kind.name === own) kind.nextAt = now + probeMs
      else nextOtherAt = now + probeMs
  }

  const read = (name: Name): void => {
    const isEnd = kinds.get(name)?.isHeld === true
    kinds.delete(name)
    if (isEnd) logger?.info(saidOf(name).over, { schema: name })
  }

  const unread = (name: Name, subject: string, reason: string): void => {
    const kind = kinds.get(name) ?? { name, useless: new Set<string>(), reason, isHeld: false, nextAt: 0 }
    kinds.set(name, kind)
    kind.reason = reason
    kind.useless.add(subject)
    if (kind.isHeld || kind.useless.size < maxOf(name)) return
    kind.isHeld = true
    kind.nextAt = system.monotonic() + probeMs
    if (name !== undefined) nextOtherAt = kind.nextAt
    logger?.warn(saidOf(name).held, { schema: name, reason })
  }

  return {
    heldBy() {
      const held = [...kinds.values()].find(({ isHeld }) => isHeld)
      return held && whyHeld(held, maxOf(held.name))
    },
    async complete(request, call) {
      hold(request)
      const { schema, subject = call.requestId } = request
      try {
        const reply = await model.complete(request, call)
        const fault = uselessness(reply, request)
        if (fault === undefined) read(schema?.name)
        else unread(schema?.name, subject, fault)
        return reply
      } catch (error) {
        if (schema && isRefused(error)) unread(schema.name, subject, error.reason)
        throw error
      }
    },
  }
}

function uselessness(reply: ModelReply, { schema, isReadable }: ModelRequest): string | undefined {
  const fault = faultOf(reply)
  if (fault !== undefined || !schema) return fault
  const isRead = isReadable ?? (text => 'value' in readJson(text))
  return isRead(reply.text) ? undefined : 'it does not fit the schema'
}

/** Where others are answered meanwhile, a model that is not there for its judge alone is refused as such, too. */
function isRefused(error: unknown): error is ModelError {
  if (!(error instanceof ModelError)) return false
  return error.errorType === 'invalid' || (error.errorType === 'other' && error.spent)
}
