/** Known defects of real clients that can be switched on for a client by its name, to show what they would break. */
import type { TransactionPort } from '../repair.ts'

export class Defects {
  readonly #claimsRetried = new Set<string>()
  readonly #claimsLie = new Set<string>()
  readonly #producersGoOn = new Set<string>()
  readonly #asksNothing = new Set<string>()
  readonly #repairs = new Map<string, (port: TransactionPort) => TransactionPort>()

  /** A claim that was refused or not answered is sent again, under whatever generation is current by then. */
  retryClaims(client: string, on: boolean): void {
    toggle(this.#claimsRetried, client, on)
  }

  /** A claim resolves without having been sent. */
  lieAboutClaims(client: string, on: boolean): void {
    toggle(this.#claimsLie, client, on)
  }

  /** A producer stays in use after a transaction of which it does not know how it ended. */
  reuseProducers(client: string, on: boolean): void {
    toggle(this.#producersGoOn, client, on)
  }

  /** Transactional ids are taken over without a question for what their last transaction has left open. */
  askNothing(client: string, on: boolean): void {
    toggle(this.#asksNothing, client, on)
  }

  /** Torn transactions are repaired in another way. */
  repairOtherwise(client: string, repair: (port: TransactionPort) => TransactionPort): void {
    this.#repairs.set(client, repair)
  }

  asksNothing(client: string): boolean {
    return this.#asksNothing.has(client)
  }

  repairOf(client: string, port: TransactionPort): TransactionPort {
    return this.#repairs.get(client)?.(port) ?? port
  }

  claimsRetried(client: string): boolean {
    return this.#claimsRetried.has(client)
  }

  claimsLie(client: string): boolean {
    return this.#claimsLie.has(client)
  }

  producersGoOn(client: string): boolean {
    return this.#producersGoOn.has(client)
  }
}

function toggle(names: Set<string>, name: string, on: boolean): void {
  if (on) names.add(name)
  else names.delete(name)
}
