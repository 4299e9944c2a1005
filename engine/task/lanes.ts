/**
 * The lanes of one task. Jobs of one key run one after another; lanes run side by side. A lane exists only while a job of its
 * key is in progress, so keys at rest cost nothing.
 */
import type { Job } from '#engine/record/job.ts'

export class Lanes {
  readonly #waiting = new Map<string, Job[]>()
  #ready: Job[] = []
  #next = 0
  #parked = 0

  /** True: the job may run now, and has taken its lane. False: the job waits behind others of its key. */
  enter(job: Job): boolean {
    if (job.key === null || this.#waiting.size === 0) return true
    const waiting = this.#waiting.get(job.key)
    if (waiting) {
      waiting.push(job)
      this.#parked++
      return false
    }
    return true
  }

  /** The job goes on beyond the current call, so later jobs of its key must wait. */
  hold(job: Job): void {
    if (job.key !== null && !this.#waiting.has(job.key)) this.#waiting.set(job.key, [])
  }

  /** The job is done: the next of its lane becomes ready. */
  leave(job: Job): void {
    if (job.key === null || this.#waiting.size === 0) return
    const waiting = this.#waiting.get(job.key)
    if (!waiting) return
    const next = waiting.shift()
    if (next) this.#ready.push(next)
    else this.#waiting.delete(job.key)
  }

  /** A job that waited and may run now. It has already taken its lane. */
  takeReady(): Job | undefined {
    const job = this.#ready[this.#next]
    if (!job) return undefined
    this.#next++
    this.#parked--
    if (this.#next === this.#ready.length) {
      this.#ready = []
      this.#next = 0
    }
    return job
  }

  /** Puts these jobs, in this order, in front of the others of their key: next, or behind the job in progress. */
  rewind(jobs: readonly Job[], isInProgress: (key: string) => boolean): void {
    for (const [key, mine] of Map.groupBy(jobs, job => job.key)) {
      if (key === null) {
        this.#ready.push(...mine)
        this.#parked += mine.length
        continue
      }
      this.#parked += mine.length
      if (isInProgress(key)) {
        this.#waiting.set(key, [...mine, ...(this.#waiting.get(key) ?? [])])
        continue
      }
      const isMine = (job: Job) => job.key === key
      const ready = this.#ready.slice(this.#next)
      const [first, ...rest] = [...mine, ...ready.filter(isMine)]
      this.#ready = [...ready.filter(job => !isMine(job)), ...(first ? [first] : [])]
      this.#next = 0
      this.#waiting.set(key, [...rest, ...(this.#waiting.get(key) ?? [])])
    }
  }

  get hasReady(): boolean {
    return this.#next < this.#ready.length
  }

  /** Jobs that wait behind the job in progress that has this key. */
  behind(key: string | null): number {
    return key === null ? 0 : (this.#waiting.get(key)?.length ?? 0)
  }

  /** Jobs that wait in lanes. */
  get parked(): number {
    return this.#parked
  }
}
