/** The connection to one broker with a time limit for each question; it is cut at once when it does not keep to one. */
import { publish } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Connection } from './connection.ts'
import type { Broker } from './library.ts'

export class Link {
  readonly address: string
  readonly #system: System
  readonly #connection: Connection
  /** Ends the questions that wait, whatever becomes of them in the connection. */
  readonly #waiting = new Set<(reason: CaudalError) => void>()
  #cut: CaudalError | undefined

  constructor(address: string, system: System, connection: Connection) {
    this.address = address
    this.#system = system
    this.#connection = connection
  }

  /** Asks the broker, and cuts the connection when there is no answer in time. */
  async ask<Answer>(question: (broker: Broker) => Promise<Answer>, withinMs: number): Promise<Answer> {
    if (this.#cut) throw this.#cut
    const cancel = this.#system.after(withinMs, () => {
      this.cut(
        new CaudalError('LOG_UNAVAILABLE', { reason: `no answer of ${this.address} in ${withinMs} ms` }),
      )
    })
    const { promise: isCut, reject } = Promise.withResolvers<never>()
    this.#waiting.add(reject)
    try {
      return await Promise.race([isCut, this.#connection.open().then(question)])
    } catch (error) {
      throw this.#cut ?? error
    } finally {
      this.#waiting.delete(reject)
      cancel()
    }
  }

  /** Cuts the connection; what waits for an answer is rejected. */
  cut(reason: CaudalError): void {
    // A connection that is closed because nobody needs it any more is not lost.
    if (!this.#cut && reason.code !== 'LOG_CLOSED')
      publish('caudal:log:disconnected', { address: this.address, reason: reason.message })
    this.#cut ??= reason
    for (const end of this.#waiting) end(this.#cut)
    this.#connection.destroy(reason)
  }
}
