/** One event of a file, as it stands there. */
export interface InputEvent {
  /** Where it stands in its file, from 1. */
  readonly line: number
  readonly value: Uint8Array
  /** Bytes of a line that is too long to be held; its value is then only the beginning. */
  readonly tooLong?: number | undefined
}
