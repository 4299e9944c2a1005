/**
 * Failures sent again on behalf of people. What is to be sent is chosen once, shown, and then sent just so. It goes at a rate,
 * with its progress, until somebody stops it. Identities are kept, so what was bought is found again. What a replay that
 * broke off has not sent is a failure still.
 */
import { reasonOf } from '#core/errors.ts'
import { type System, sleep } from '#core/system.ts'
import { placeOf } from '#engine/client/replay.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { type Actor, auditBatch } from './audit.ts'
import { type Failure, type ReplayedSoFar, replayFailures } from './failures.ts'

/** What a replay would send. Its token starts the replay once, within ten minutes. */
export interface Preview {
  readonly token: string
  readonly failures: readonly Failure[]
  /** Of whom they are; of anybody when left out. */
  readonly organization: string | undefined
}

/** `stopped`: by a person. `broken`: by an error, which `reason` names. */
export type ReplayState = 'running' | 'done' | 'stopped' | 'broken'

/** A replay, running or over. */
export interface ReplayProgress {
  readonly id: string
  readonly state: ReplayState
  readonly total: number
  readonly sent: number
  /** Chosen too, and sent by another replay, or about to be. */
  readonly leftOut: number
  readonly perSecond: number
  readonly startedAt: number
  readonly organization: string | undefined
  /** Why it broke off. */
  readonly reason: string | undefined
}

/** The application whose failures are sent again. */
export interface ReplaysOptions {
  readonly log: Log
  readonly plan: Pick<Plan, 'application'>
  readonly system: System
  /** A text that nobody can guess. */
  readonly token: () => string
}

/** A preview that nobody acts on is forgotten. */
const PREVIEW_MS = 600_000
const PREVIEWS_MAX = 50
/** Replays that are remembered once they are over. */
const REPLAYS_MAX = 50
/** Appends a second: each has a part of the rate. */
const APPENDS_A_SECOND = 4

/** How fast a replay goes, and who wants it for which reason; the audit keeps both. */
export interface ReplayOrder {
  readonly perSecond: number
  readonly why: string
  readonly actor: Actor
}

/** Runs the replays of a gateway, each at its rate, and remembers those that are over. */
export class Replays implements Disposable {
  readonly #options: ReplaysOptions
  readonly #previews = new Map<string, Preview & { readonly at: number }>()
  readonly #replays = new Map<string, Replay>()

  constructor(options: ReplaysOptions) {
    this.#options = options
  }

  preview(failures: readonly Failure[], organization: string | undefined): Preview {
    const { token, system } = this.#options
    const preview = { token: token(), failures, organization, at: system.now() }
    this.#previews.set(preview.token, preview)
    for (const [old, { at }] of this.#previews)
      if (at < system.now() - PREVIEW_MS || this.#previews.size > PREVIEWS_MAX) this.#previews.delete(old)
    return preview
  }

  /** The preview of a token, once: who presses twice sends once. */
  take(token: string, organization: string | undefined): Preview | undefined {
    const preview = this.#previews.get(token)
    const isOver = preview && preview.at < this.#options.system.now() - PREVIEW_MS
    if (!preview || isOver || preview.organization !== organization) return undefined
    this.#previews.delete(token)
    return preview
  }

  /**
   * Resolves once it is written down and has begun. It leaves out what another replay of this process is about to send: they
   * are reserved at once, before anything is waited for.
   */
  async start({ failures, organization }: Preview, order: ReplayOrder): Promise<ReplayProgress> {
    const replay = this.#reserved(failures, organization, order.perSecond)
    const { log } = this.#options
    const { total: count, startedAt: at } = replay.progress
    const { who, from } = order.actor
    const details = { count, per_second: order.perSecond }
    const change = { at, action: 'failures_replayed', target: 'failures', why: order.why, details } as const
    try {
      await log.append([await auditBatch(log, { ...change, who, organization, from })])
    } catch (error) {
      this.#replays.delete(replay.id)
      throw error
    }
    void replay.run()
    return replay.progress
  }

  #reserved(failures: readonly Failure[], organization: string | undefined, perSecond: number): Replay {
    const reserved = new Set([...this.#replays.values()].flatMap(each => each.reserved).map(placeOf))
    const free = failures.filter(each => !reserved.has(placeOf(each)))
    const { token, system } = this.#options
    const facts = { id: token(), organization, startedAt: system.now(), perSecond }
    const replay = new Replay(this.#options, free, facts, failures.length - free.length)
    this.#replays.set(replay.id, replay)
    for (const [id, { isOver }] of this.#replays)
      if (this.#replays.size > REPLAYS_MAX && isOver) this.#replays.delete(id)
    return replay
  }

  /** Those of the organisation; of all when left out. The newest first. */
  all(organization: string | undefined): readonly ReplayProgress[] {
    return [...this.#replays.values()]
      .map(({ progress }) => progress)
      .filter(each => organization === undefined || each.organization === organization)
      .reverse()
  }

  /** What was sent stays sent. Nothing for one that is not there. */
  stop(id: string, organization: string | undefined): ReplayProgress | undefined {
    const replay = this.#replays.get(id)
    if (!replay || (organization !== undefined && replay.progress.organization !== organization))
      return undefined
    replay.stop()
    return replay.progress
  }

  [Symbol.dispose](): void {
    for (const replay of this.#replays.values()) replay.stop()
  }
}

type Facts = Pick<ReplayProgress, 'id' | 'organization' | 'startedAt' | 'perSecond'>

class Replay {
  readonly #options: ReplaysOptions
  readonly #failures: readonly Failure[]
  readonly #facts: Facts
  readonly #stopping = new AbortController()
  /** Left out at the start. */
  readonly #taken: number
  #done: ReplayedSoFar = { sent: 0, leftOut: 0 }
  /** An append of a replay that was stopped may be under way still. */
  #isOver = false
  #state: ReplayState = 'running'
  #reason: string | undefined

  constructor(options: ReplaysOptions, failures: readonly Failure[], facts: Facts, taken: number) {
    this.#options = options
    this.#failures = failures
    this.#facts = facts
    this.#taken = taken
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What it may send, until it is over. */
  get reserved(): readonly Failure[] {
    return this.#isOver ? [] : this.#failures
  }

  get id(): string {
    return this.#facts.id
  }

  get progress(): ReplayProgress {
    return {
      ...this.#facts,
      state: this.#state,
      total: this.#failures.length,
      sent: this.#done.sent,
      leftOut: this.#taken + this.#done.leftOut,
      reason: this.#reason,
    }
  }

  stop(): void {
    this.#stopping.abort()
    if (this.#state === 'running') this.#state = 'stopped'
  }

  async run(): Promise<void> {
    const { log, plan, system } = this.#options
    const { application } = plan
    const { signal } = this.#stopping
    const { perSecond } = this.#facts
    const piece = Math.max(1, Math.floor(perSecond / APPENDS_A_SECOND))
    const began = system.monotonic()
    const onProgress = (done: ReplayedSoFar) => {
      this.#done = done
      const dueMs = (done.sent / perSecond) * 1_000
      return sleep(system, Math.max(0, began + dueMs - system.monotonic()), signal)
    }
    try {
      await replayFailures(log, this.#failures, { application, system, signal, piece, onProgress })
      if (this.#state === 'running') this.#state = 'done'
    } catch (error) {
      if (signal.aborted) return
      this.#state = 'broken'
      this.#reason = reasonOf(error)
    } finally {
      this.#isOver = true
    }
  }
}
