/** Brakes as people set, release and see them. The pods read the same topic by themselves. */
import type { Audit } from '#answers/audit.ts'
import {
  type Brake,
  BrakeCodec,
  isInForce,
  REASON_CHARACTERS_MAX,
  SCOPE_REMEDY,
  scopeOf,
} from '#answers/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import { asShown } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { type LogRecord, NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow, type LeftOut } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { type Actor, auditBatch } from './audit.ts'

/** What the topic says of one scope. */
export interface KnownBrake {
  readonly scope: string
  /** The last one that could be read; nothing where it was released, or none ever could. */
  readonly brake: Brake | undefined
  /** Why the last record of the scope is left out; the pods keep to the brake before it. */
  readonly fault: string | undefined
}

/** What the topic says, as the pods read it. */
export class BrakeBook {
  readonly #known = new Map<string, KnownBrake>()

  read({ key, value }: Pick<LogRecord, 'key' | 'value'>): void {
    const scope = key ? asShown(key) : ''
    if (value === null) {
      this.#known.delete(scope)
      return
    }
    const before = this.#known.get(scope)?.brake
    try {
      if (!scopeOf(scope)) throw new TypeError(`its key is no scope and stops nothing; ${SCOPE_REMEDY}`)
      this.#known.set(scope, { scope, brake: { ...BrakeCodec.decode(value), scope }, fault: undefined })
    } catch (error) {
      this.#known.set(scope, { scope, brake: before, fault: reasonOf(error) })
    }
  }

  /** All that was not released, in the order of their scopes, those whose time is over left out. */
  at(now: number): readonly KnownBrake[] {
    return [...this.#known.values()]
      .filter(({ brake, fault }) => fault !== undefined || (brake && isInForce(brake, now)))
      .sort((a, b) => (a.scope < b.scope ? -1 : 1))
  }

  /** What stops calls. */
  inForce(now: number): readonly Brake[] {
    return this.at(now).flatMap(({ brake }) => (brake && isInForce(brake, now) ? [brake] : []))
  }
}

/** The brakes of the application, read once. */
export async function brakesIn(log: Log, now: number): Promise<readonly KnownBrake[]> {
  const book = new BrakeBook()
  await readAll(log, TOPICS.brakes, record => book.read(record))
  return book.at(now)
}

/** The log with the brakes. Without `leftOut`, a record that cannot be read ends the watch. */
export interface BrakeWatchOptions {
  readonly log: Log
  readonly system: System
  readonly leftOut?: LeftOut
}

/** The brakes of the application, followed as they change. */
export class BrakeWatch implements Disposable {
  readonly #options: BrakeWatchOptions
  /** Where brakes are written. */
  readonly log: Log
  readonly #book = new BrakeBook()
  #following: Following | undefined

  constructor(options: BrakeWatchOptions) {
    this.#options = options
    this.log = options.log
  }

  /** Resolves when the brakes are known that the topic holds. */
  async start(): Promise<void> {
    const { log, system, leftOut } = this.#options
    const onRecord = (record: LogRecord) => this.#book.read(record)
    this.#following = await follow(log, { topic: TOPICS.brakes, from: 'start', system, onRecord, leftOut })
    await this.#following.caughtUp()
  }

  /** Resolves when everything is known that the topic holds now. */
  async caughtUp(): Promise<void> {
    await this.#following?.caughtUp()
  }

  /** Of a watch that has started: rejects when changes can be followed no more. */
  get ended(): Promise<void> {
    return this.#following?.ended ?? Promise.resolve()
  }

  get all(): readonly KnownBrake[] {
    return this.#book.at(this.#options.system.now())
  }

  get inForce(): readonly Brake[] {
    return this.#book.inForce(this.#options.system.now())
  }

  [Symbol.dispose](): void {
    this.#following?.close()
  }
}

/** Where a brake is written, and who sets it. */
export interface BrakeOptions {
  readonly log: Log
  readonly system: System
  readonly actor: Actor
}

/** Every fault of a brake that somebody wants to set, by the name of its field. */
export function brakeFaults(
  { scope, reason, until }: Pick<Brake, 'scope' | 'reason' | 'until'>,
  now: number,
): readonly { readonly field: 'scope' | 'reason' | 'until'; readonly reason: string }[] {
  return [
    ...(scopeOf(scope) ? [] : [{ field: 'scope' as const, reason: SCOPE_REMEDY }]),
    ...reasonFaults(reason),
    ...(until === undefined || until === null || until > now
      ? []
      : [{ field: 'until' as const, reason: 'must be in the future' }]),
  ]
}

/** The fault of a reason that is blank, too long or no text; nothing for a good one. */
export function reasonFaults(
  reason: string,
): readonly { readonly field: 'reason'; readonly reason: string }[] {
  const isGiven = reason.trim() !== '' && reason.length <= REASON_CHARACTERS_MAX && reason.isWellFormed()
  return isGiven
    ? []
    : [
        {
          field: 'reason',
          reason: `must have 1 to ${REASON_CHARACTERS_MAX} characters, and not blanks alone`,
        },
      ]
}

/**
 * Stops calls from now on. Resolves with the brake once the log holds it, and the pods keep to it within a second. Rejects with
 * REJECTED and every fault, and then writes nothing. So it does where an organisation would replace a brake of an operator.
 */
export async function setBrake(
  options: BrakeOptions,
  { scope, reason, until }: Pick<Brake, 'scope' | 'reason' | 'until'>,
): Promise<Brake> {
  const now = options.system.now()
  const faults = brakeFaults({ scope, reason, until }, now)
  if (faults.length > 0) throw rejected(faults)
  const { actor, log } = options
  if (actor.organization !== undefined) refuseHeld(await knownOf(log, scope, now))
  const end = until === undefined || until === null ? {} : { until }
  const own = actor.organization === undefined ? {} : { own: true }
  const brake: Brake = { scope, reason, who: actor.who, since: now, ...end, ...own }
  await put(options, scope, brake, { at: now, action: 'brake_set', why: reason, details: end })
  return brake
}

/**
 * Lets calls go again. If nothing was set, returns false and writes nothing. Rejects with REJECTED where an organisation would
 * release what an operator has set.
 */
export async function releaseBrake(options: BrakeOptions, scope: string, reason: string): Promise<boolean> {
  const faults = reasonFaults(reason)
  if (faults.length > 0) throw rejected(faults)
  const now = options.system.now()
  const known = await knownOf(options.log, scope, now)
  if (!known) return false
  if (options.actor.organization !== undefined) refuseHeld(known)
  const { who, since, reason: was } = known.brake ?? {}
  await put(options, scope, null, {
    ...{ at: now, action: 'brake_released', why: reason },
    details: { set_by: who, since, reason: was },
  })
  return true
}

const knownOf = async (log: Log, scope: string, now: number): Promise<KnownBrake | undefined> =>
  (await brakesIn(log, now)).find(each => each.scope === scope)

/** An organisation that an operator has stopped cannot let itself go. */
function refuseHeld(known: KnownBrake | undefined): void {
  if (known === undefined || known.brake?.own) return
  const by = known.brake ? ` (${known.brake.who}: ${known.brake.reason})` : ''
  const reason = `an operator has set the brake on ${known.scope}${by}, and an operator releases it`
  throw new CaudalError('REJECTED', { reason, heldBy: known.brake?.who ?? 'unknown' })
}

const rejected = (faults: readonly { readonly field: string; readonly reason: string }[]): CaudalError =>
  new CaudalError('REJECTED', { reason: faults.map(({ field, reason }) => `${field} ${reason}`).join('; ') })

async function put(
  { log, actor: { who, organization, from } }: BrakeOptions,
  scope: string,
  brake: Brake | null,
  change: Pick<Audit, 'at' | 'action' | 'why' | 'details'>,
): Promise<void> {
  const record = {
    key: Buffer.from(scope),
    value: brake && BrakeCodec.encode(brake),
    headers: NO_HEADERS,
    timestamp: change.at,
  }
  const audit = await auditBatch(log, { ...change, who, organization, from, target: scope })
  await log.append([{ topic: TOPICS.brakes, partition: 0, records: [record] }, audit])
}
