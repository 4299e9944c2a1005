/** Tracks which simulated process is running, so that the calls of operators live and die with that process. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'

/** One process of a test. */
export interface Place {
  readonly name: string
  /** The system of the process. Nothing that is asked of it happens after a crash. */
  readonly system: System
  /** False once the process has crashed or ended. */
  readonly isAlive: () => boolean
}

const running = new AsyncLocalStorage<Place>()

/** Runs `body`, and all that it starts, as part of a process. */
export function within<T>(place: Place, body: () => T): T {
  return running.run(place, body)
}

/** The process that is running. Throws KIT_MISUSED outside of the kit, where there is no process and virtual time is paused. */
export function currentPlace(): Place {
  const place = running.getStore()
  if (place) return place
  throw new CaudalError('KIT_MISUSED', {
    reason:
      'virtual time runs only within testTopology and testOperator; call this from an operator under test',
  })
}

/**
 * The time and randomness of the running process. Tests build the parts of operators with it, such as limits, breakers and
 * pauses.
 */
export const virtualSystem: System = {
  now: () => currentPlace().system.now(),
  monotonic: () => currentPlace().system.monotonic(),
  after: (delayMs, callback) => currentPlace().system.after(delayMs, callback),
  defer: callback => currentPlace().system.defer(callback),
  random: () => currentPlace().system.random(),
}
