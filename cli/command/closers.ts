/** What is to be closed, the last opened first. Node 22 has no AsyncDisposableStack, of which this is the part that is used. */

export class Closers implements AsyncDisposable {
  #closers: (() => unknown)[] = []

  defer(close: () => unknown): void {
    this.#closers.push(close)
  }

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]())
    return resource
  }

  /** Hands all of them to another owner. */
  move(): Closers {
    const moved = new Closers()
    moved.#closers = this.#closers
    this.#closers = []
    return moved
  }

  /** Each is called, whatever the others do; then the failure that came first is thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
