/** Knows which simulated process is running, so that whatever operators call lives and dies with that process. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'

/** One process of a test. */
export interface Place {
  readonly name: string
  /** Dead with its process: what is asked of it after a crash never happens. */
  readonly system: System
  /** False once the process has crashed or ended. */
  readonly isAlive: () => boolean
}

const running = new AsyncLocalStorage<Place>()

/** Runs `body`, and all that it starts, as part of a process. */
export function within<T>(place: Place, body: () => T): T {
  return running.run(place, body)
}

/** The process that is running. Outside of the kit there is none, and virtual time stands still: KIT_MISUSED. */
export function currentPlace(): Place {
  const place = running.getStore()
  if (place) return place
  throw new CaudalError('KIT_MISUSED', {
    reason:
      'virtual time runs only within testTopology and testOperator; call this from an operator under test',
  })
}

/**
 * The time and randomness of whichever process is running: for what operators of a topology under test are built with,
 * such as limits, breakers and pauses.
 */
export const virtualSystem: System = {
  now: () => currentPlace().system.now(),
  monotonic: () => currentPlace().system.monotonic(),
  after: (delayMs, callback) => currentPlace().system.after(delayMs, callback),
  defer: callback => currentPlace().system.defer(callback),
  random: () => currentPlace().system.random(),
}
