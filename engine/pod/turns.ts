/** Who starts records within a step, and how many: tasks take turns, so that none and no commit waits long for another. */
import type { System } from '#core/system.ts'
import type { Committer } from '#engine/commit/committer.ts'
import type { Ownership } from '#engine/ownership/ownership.ts'
import { HALF_STEP_MS_MAX } from './inbox.ts'

/** Records that one task may start within one step. */
const STEP_RECORDS_MAX = 256

export class Turns {
  readonly #system: System
  readonly #ownership: Ownership
  readonly #committer: Pick<Committer, 'touch'>
  /** When the turns under way began: wall time, as due times are. */
  #startedAt = 0

  constructor(system: System, ownership: Ownership, committer: Pick<Committer, 'touch'>) {
    this.#system = system
    this.#ownership = ownership
    this.#committer = committer
  }

  /** True when there was more to start than one step allows: who had no turn is the first in the next one. */
  take(): boolean {
    this.#startedAt = this.#system.now()
    let now = this.#system.monotonic()
    const until = now + HALF_STEP_MS_MAX
    for (const { task } of this.#ownership.leaving.values()) if (task.isDrained) this.#committer.touch(task)
    let more = false
    for (const holding of [...this.#ownership.held.values()]) {
      const { task } = holding
      if (!task.work) continue
      if (task.phase !== 'running') {
        task.work.time.pause()
        continue
      }
      const began = now
      const started = task.work.start(STEP_RECORDS_MAX, until)
      if (started === STEP_RECORDS_MAX) more = true
      if (started > 0) this.#ownership.rotate(holding)
      for (const intake of task.intakes) intake.fetch()
      now = this.#system.monotonic()
      const isCut = now >= until || started === STEP_RECORDS_MAX
      task.work.time.turned(began, now, isCut ? 'busy' : task.work.load)
      if (now >= until) return true
    }
    return more
  }

  /** When something is due that waits for time alone; infinite where nothing does. */
  nextDue(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { task } of this.#ownership.held.values()) {
      const next = task.work?.nextDue() ?? Number.POSITIVE_INFINITY
      // What was due when the turns began and was not started waits for a gate or for room: no matter of time.
      if (next > this.#startedAt) due = Math.min(due, next)
    }
    return due
  }
}
