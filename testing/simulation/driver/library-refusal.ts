/** The error that kafkajs makes of a broker's code. Its message has no number, and newer codes than it knows are all one. */
const KNOWN_MAX = 88
const UNKNOWN_TO_LIBRARY = -99

/** Of a request as a whole it has a code; of its topics or partitions it lists an error each. */
export class LibraryError extends Error {
  constructor(message: string, parts: object) {
    super(message)
    this.name = 'LibraryError'
    Object.assign(this, parts)
  }
}

export function libraryRefusal(code: number, parts: object = {}): LibraryError {
  return code > KNOWN_MAX || code < -1
    ? new LibraryError(`Unknown error code ${code}`, { code: UNKNOWN_TO_LIBRARY, ...parts })
    : new LibraryError('The broker says in words what the matter is', { code, ...parts })
}
