/** What the pods of one test share: virtual time, the simulated cluster, the limits, and what was logged. */

import type { Interceptor } from '#core/interceptor.ts'
import type { LimitOptions } from '#core/limits.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { createSimulatedBroker, type SimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import type { AdoptedTopics } from '#engine/topics/plan-topics.ts'
import { type ProcessSystem, VirtualTime } from '../virtual-time.ts'
import { type Place, within } from './place.ts'

export interface WorldOptions {
  /** Decides every draw of the run; 1 when left out. */
  readonly seed?: number
  /** When the clock begins; milliseconds since the epoch. */
  readonly now?: number
  readonly limits?: LimitOptions
  /** Largest record that the log takes. */
  readonly recordBytesMax?: number
  /** Functions around what a pod does, by its name and its clock; as `interceptor` of `run`. */
  readonly interceptor?: (pod: string, system: System) => Interceptor
}

export interface LogLine {
  readonly pod: string
  readonly level: keyof Logger
  readonly message: string
  readonly fields: object
}

/**
 * A crashed pod counts as a member until its session is over, so the session is short here. Positions serve tools alone, and
 * storing them often would make long stretches of time slow.
 */
const LIMITS: LimitOptions = { sessionTimeout: '10s', positionInterval: '1m' }

export class World {
  readonly time: VirtualTime
  readonly broker: SimulatedBroker
  readonly limits: LimitOptions
  readonly lines: LogLine[] = []
  readonly interceptor: WorldOptions['interceptor']
  /** Given to `run` at every start from now on. */
  adoptTopics: AdoptedTopics = {}

  constructor({ seed = 1, now, limits, recordBytesMax, interceptor }: WorldOptions) {
    this.interceptor = interceptor
    this.time = new VirtualTime(seed, now === undefined ? {} : { startMs: now })
    const size = recordBytesMax === undefined ? {} : { recordBytesMax }
    this.broker = createSimulatedBroker({ system: this.time.system, ...size })
    this.limits = { ...LIMITS, ...limits }
  }

  loggerOf(pod: string): Logger {
    const writer =
      (level: keyof Logger) =>
      (message: string, fields: object = {}) =>
        void this.lines.push({ pod, level, message, fields })
    return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
  }
}

/** A process in which callbacks, and all that they start, find their process with `currentPlace`. */
export function placeOf(process: ProcessSystem, isAlive: () => boolean): Place {
  const system: System = {
    now: () => process.now(),
    monotonic: () => process.monotonic(),
    random: () => process.random(),
    after: (delayMs, callback) => process.after(delayMs, () => within(place, callback)),
    defer: callback => process.defer(() => within(place, callback)),
  }
  const place: Place = { name: process.name, system, isAlive }
  return place
}
