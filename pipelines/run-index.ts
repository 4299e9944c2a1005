/** The runs of questions that a program has put in or seen: which question each answers, and which are under way. */
import { questionHash } from '#answers/question-hash.ts'
import type { Intake } from '#answers/types.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'

/** One run of a question. */
export interface Run {
  /** Identity of its event, and of its outcome. */
  readonly id: string
  /** Identity of the question. */
  readonly hash: string
  readonly organization: Organization
  readonly taskType: string
  readonly title: string
  /** Milliseconds since the epoch. */
  readonly askedAt: number
}

const RUNS_MAX = 20_000
/** Runs under way are worth more than ended ones: an equal question that finds none is bought again. */
const OPEN_SHARE = 5

/**
 * Intakes and outcomes are read from several topics in any order. An outcome that comes before its intake is remembered,
 * so that its run is never taken for one under way. Runs that were heard of longest ago are forgotten first; of a run
 * that is forgotten nothing can be joined.
 */
export class RunIndex {
  readonly #runsMax: number
  /** Runs without an outcome as far as is known, and those with one. */
  readonly #running = new Map<string, Run>()
  readonly #over = new Map<string, Run>()
  /** By question, its newest run. */
  readonly #newest = new Map<string, string>()
  /** By question, the run under way that came last. */
  readonly #open = new Map<string, string>()
  /** Runs that have an outcome and no intake yet, or whose intake may come again. */
  readonly #closed = new Set<string>()
  /** By the id of a request that has joined it, the run: still known when it has ended. */
  readonly #joined = new Map<string, Run>()
  /** By the id of a request with a key, the digest of what was asked under it. */
  readonly #asked = new Map<string, string>()
  /** Runs that this program puts in, until the log holds them. */
  readonly #pending = new Map<string, Promise<void>>()
  /** Runs that admission may drop, since it may know their key: nobody joins them until they are let in. */
  readonly #unsure = new Set<string>()
  /** Until then nothing closed is forgotten: its intake may be far behind. */
  #isCaughtUp = false

  constructor(runsMax = RUNS_MAX) {
    this.#runsMax = runsMax
  }

  get(organization: Organization, id: string): Run | undefined {
    const joined = this.#joined.get(id)
    return this.#found(organization, id) ?? (joined?.organization === organization ? joined : undefined)
  }

  /** A request under this id is answered by the run, now and when it is sent again. */
  join(id: string, run: Run): void {
    this.#joined.delete(id)
    this.#joined.set(id, run)
    const [oldest] = this.#joined.keys()
    if (this.#joined.size > this.#runsMax && oldest !== undefined) this.#joined.delete(oldest)
  }

  /** What was asked first under the id of a request with a key. */
  askedUnder(id: string): string | undefined {
    return this.#asked.get(id)
  }

  /** The first digest stays. */
  keepAsked(id: string, digest: string): void {
    const first = this.#asked.get(id) ?? digest
    this.#asked.delete(id)
    this.#asked.set(id, first)
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > this.#runsMax * OPEN_SHARE && oldest !== undefined) this.#asked.delete(oldest)
  }

  newestOf(organization: Organization, hash: string): Run | undefined {
    return this.#found(organization, this.#newest.get(hash))
  }

  underWay(organization: Organization, hash: string): Run | undefined {
    return this.#found(organization, this.#open.get(hash))
  }

  /** A question that was let in. With the promise that the log holds it, one that this program puts in. */
  add(intake: Intake, appended?: Promise<void>): Run {
    if (appended) this.#await(intake.id, appended)
    else this.#letIn(intake.id)
    const known = this.#run(intake.id)
    if (known) return known
    const run = newRun(intake)
    const { id, hash } = run
    this.#newest.set(hash, id)
    if (this.#closed.has(id)) this.#keepEnded(run)
    else this.#keepOpen(run)
    return run
  }

  /** As `add` of a question whose key may have been used before: others join it when it was let in. */
  addUnsure(intake: Intake, appended: Promise<void>): Run {
    if (!this.#run(intake.id)) this.#unsure.add(intake.id)
    return this.add(intake, appended)
  }

  /** Resolves when the log holds the run; rejects when the log has refused it. */
  async isIn(id: string): Promise<void> {
    await this.#pending.get(id)
  }

  /** The run has not come to be. */
  remove(id: string): void {
    const run = this.#run(id)
    if (!run) return
    this.#running.delete(id)
    this.#unsure.delete(id)
    this.#over.delete(id)
    if (this.#newest.get(run.hash) === id) this.#newest.delete(run.hash)
    this.#close(run.hash, id)
  }

  /** What the topics hold was read: from here on memory is bounded. */
  caughtUp(): void {
    this.#isCaughtUp = true
    this.#forgetClosed()
  }

  /** The run has an outcome. */
  ended(id: string): void {
    this.#closed.delete(id)
    this.#closed.add(id)
    if (this.#isCaughtUp) this.#forgetClosed()
    const run = this.#run(id)
    if (!run) return
    this.#close(run.hash, id)
    this.#running.delete(id)
    this.#unsure.delete(id)
    this.#keepEnded(run)
  }

  #await(id: string, appended: Promise<void>): void {
    this.#pending.set(id, appended)
    appended.then(
      () => this.#pending.delete(id),
      () => {
        this.#pending.delete(id)
        this.remove(id)
      },
    )
  }

  #letIn(id: string): void {
    const run = this.#running.get(id)
    if (this.#unsure.delete(id) && run) this.#open.set(run.hash, id)
  }

  #close(hash: string, id: string): void {
    if (this.#open.get(hash) === id) this.#open.delete(hash)
  }

  #found(organization: Organization, id: string | undefined): Run | undefined {
    const run = id === undefined ? undefined : this.#run(id)
    return run?.organization === organization ? run : undefined
  }

  #run(id: string): Run | undefined {
    return this.#running.get(id) ?? this.#over.get(id)
  }

  #keepOpen(run: Run): void {
    this.#running.set(run.id, run)
    if (!this.#unsure.has(run.id)) this.#open.set(run.hash, run.id)
    this.#forgetOldest(this.#running, this.#runsMax * OPEN_SHARE)
  }

  #keepEnded(run: Run): void {
    this.#over.delete(run.id)
    this.#over.set(run.id, run)
    this.#forgetOldest(this.#over, this.#runsMax)
  }

  #forgetOldest(runs: ReadonlyMap<string, Run>, max: number): void {
    const [oldest] = runs.keys()
    if (runs.size > max && oldest !== undefined) this.remove(oldest)
  }

  #forgetClosed(): void {
    for (const id of this.#closed) {
      if (this.#closed.size <= this.#runsMax) return
      this.#closed.delete(id)
    }
  }
}

/** The run that a question begins. */
export function newRun(intake: Intake): Run {
  const { id, task_type: taskType, title, asked_at: askedAt } = intake
  const organization = organizationOf(intake.organization_id)
  return { id, hash: questionHash(intake), organization, taskType, title, askedAt }
}
