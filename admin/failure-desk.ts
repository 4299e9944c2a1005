/** The failures of an application as the gateway shows them: read once for all who look, grouped, narrowed to who asks. */
import { Values } from '#answers/values.ts'
import type { System } from '#core/system.ts'
import { placeOf } from '#engine/client/replay.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { type FailureGroup, groupsOf } from './failure-groups.ts'
import { type Failure, failuresIn, ownerOf, shownFailure } from './failures.ts'
import { type ReplayOrder, type ReplayProgress, Replays } from './replays.ts'

/** The application whose failures are shown. */
export interface FailureDeskOptions {
  readonly log: Log
  readonly plan: Plan
  readonly system: System
  /** A text that nobody can guess. */
  readonly token: () => string
  /**
   * The plan with codecs that write: a gateway alone reads, and binds to the registry once something is sent again. The plan
   * itself when left out.
   */
  readonly writable?: () => Promise<Plan>
}

/** So old may be what is shown: both topics are read whole for it. */
const FRESH_MS = 2_000

/** Shows and replays the failures of one application. Reads are shared for two seconds. */
export class FailureDesk implements Disposable {
  readonly replays: Replays
  readonly #options: FailureDeskOptions
  #reading: Promise<readonly Failure[]> | undefined
  #readAt = Number.NEGATIVE_INFINITY

  constructor(options: FailureDeskOptions) {
    this.#options = options
    this.replays = new Replays(options)
  }

  /** Of one organisation: questions that it has asked, and events of its own that are none. What belongs to nobody for sure is for who sees all. */
  async groups(organization: string | undefined): Promise<readonly FailureGroup[]> {
    const failures = await this.#failures()
    return groupsOf(
      organization === undefined ? failures : failures.filter(each => ownerOf(each) === organization),
    )
  }

  /**
   * Sends what a preview has shown, but for what somebody has sent again meanwhile, or is about to send. Nothing where there
   * is no such preview any more.
   */
  async start(
    token: string,
    organization: string | undefined,
    order: ReplayOrder,
  ): Promise<ReplayProgress | undefined> {
    const plan = (await this.#options.writable?.()) ?? this.#options.plan
    const preview = this.replays.take(token, organization)
    if (!preview) return undefined
    const chosen = new Set(preview.failures.map(placeOf))
    const failures = (await this.#read(plan)).filter(each => chosen.has(placeOf(each)))
    this.forget()
    return this.replays.start({ ...preview, failures }, order)
  }

  /** One failure whole: input, faults, history, stack. */
  shown(failure: Failure): Promise<unknown> {
    return shownFailure(failure, this.#options)
  }

  /** What was sent again meanwhile must not be shown as a failure. */
  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  [Symbol.dispose](): void {
    this.replays[Symbol.dispose]()
  }

  #failures(): Promise<readonly Failure[]> {
    const { plan, system } = this.#options
    const now = system.monotonic()
    if (this.#reading && now - this.#readAt < FRESH_MS) return this.#reading
    this.#readAt = now
    const reading = this.#read(plan)
    reading.catch(() => this.forget()) // The next who looks reads again.
    this.#reading = reading
    return reading
  }

  #read(plan: Plan): Promise<readonly Failure[]> {
    return failuresIn({ log: this.#options.log, plan, values: new Values(plan), isOwn: false })
  }
}
