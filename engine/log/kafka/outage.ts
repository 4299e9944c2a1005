/** Tells once that a broker does not answer, and once that it does again. */

export class Outage {
  readonly #warn: (message: string) => void
  readonly #silent = new Set<string>()

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  began(address: string, reason: string, what = 'does not answer'): void {
    if (this.#silent.has(address)) return
    this.#silent.add(address)
    this.#warn(`Kafka broker ${address} ${what}: ${reason}; trying again until it does`)
  }

  ended(address: string): void {
    if (this.#silent.delete(address)) this.#warn(`Kafka broker ${address} answers again`)
  }
}
