/** Tasks take turns to start records within a step. So no task and no commit waits long for another task. */
import type { System } from '#core/system.ts'
import type { AnswerPace } from '#engine/commit/answer-pace.ts'
import type { Committer } from '#engine/commit/committer.ts'
import type { Ownership } from '#engine/ownership/ownership.ts'
import { HALF_STEP_MS_MAX } from './inbox.ts'

/** Records that one task may start within one step. */
const STEP_RECORDS_MAX = 256

export class Turns {
  readonly #system: System
  readonly #ownership: Ownership
  readonly #committer: Pick<Committer, 'touch'>
  readonly #pace: Pick<AnswerPace, 'isLate'>
  /** When the present turns began, in wall time like due times. */
  #startedAt = 0

  constructor(
    system: System,
    ownership: Ownership,
    committer: Pick<Committer, 'touch'>,
    pace: Pick<AnswerPace, 'isLate'>,
  ) {
    this.#system = system
    this.#ownership = ownership
    this.#committer = committer
    this.#pace = pace
  }

  /** True if there is more to start than one step allows. Tasks without a turn come first in the next step. */
  take(): boolean {
    this.#startedAt = this.#system.now()
    let now = this.#system.monotonic()
    const until = now + HALF_STEP_MS_MAX
    for (const { task } of this.#ownership.leaving.values()) if (task.isDrained) this.#committer.touch(task)
    let more = false
    const isLate = this.#pace.isLate
    for (const holding of [...this.#ownership.held.values()]) {
      const { task } = holding
      if (!task.work) continue
      if (task.phase !== 'running') {
        task.work.time.pause()
        continue
      }
      const began = now
      // The end of the commit brings the next step.
      const isHeld = isLate && task.program.buys
      const started = isHeld ? 0 : task.work.start(STEP_RECORDS_MAX, until)
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

  /** The earliest due time of work that waits for time alone. Infinite if there is none. */
  nextDue(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { task } of this.#ownership.held.values()) {
      const next = task.work?.nextDue() ?? Number.POSITIVE_INFINITY
      // Work that was due when the turns began, and was not started, waits for the gate or for room, not for time.
      if (next > this.#startedAt) due = Math.min(due, next)
    }
    return due
  }
}
