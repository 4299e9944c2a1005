/** Why a file or a stream is not taken, and what of it was fed before that was known. */
import { CaudalError, reasonOf } from '#core/errors.ts'

/** REJECTED, with what became of the events in front of the fault: none was fed as long as nobody says otherwise. */
export class InputFault extends CaudalError {
  /** The fault alone. */
  readonly said: string

  constructor(said: string, cause?: unknown, fate = 'nothing of it was fed') {
    super('REJECTED', { reason: `${said}; ${fate}` }, cause)
    this.said = said
  }

  /** The same for a stream, or a file that has changed: events in front of the fault were fed, and with `isOnce` are known again. */
  after(fed: number, isOnce: boolean): InputFault {
    if (fed === 0) return this
    const remedy = isOnce
      ? 'correct it and feed it again, those events are passed over'
      : 'correct it, and feed only what follows them'
    const were =
      fed === 1 ? '1 event before the fault was' : `${fed.toLocaleString('en')} events before the fault were`
    return new InputFault(this.said, this.cause, `${were} fed: ${remedy}`)
  }
}

export const refused = (source: string, why: string, cause?: unknown): InputFault =>
  new InputFault(`${source} ${why}`, cause)

export const unreadable = (source: string, error: unknown): InputFault =>
  refused(source, `cannot be read: ${reasonOf(error)}`, error)
