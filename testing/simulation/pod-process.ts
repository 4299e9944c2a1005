/** One process of a simulated fleet: a pod with its own clock, connection and fate. */
import { type CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { type Running, run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import type { Topology } from '#topology/topology.ts'
import type { ProcessSystem } from '../virtual-time.ts'
import { LIMITS } from './scenario.ts'

/** The ports through which a pod reaches the world. Planted bugs wrap them. */
export interface Ports {
  readonly log: Log
  readonly stores: StoreFactory
  readonly graph: Topology
}

export type ProcessStatus = 'running' | 'paused' | 'stopping' | 'gone'

export interface PodProcessOptions {
  /** Unique in the run. */
  readonly id: string
  /** Of the pod: a restart may have it again. */
  readonly name: string
  readonly system: ProcessSystem
  /** Whose clock is right. */
  readonly world: System
  readonly ports: Ports
  readonly logger: Logger
  /** The process has ended by itself. */
  readonly onFailed: (process: PodProcess, error: unknown) => void
}

/** A record may be written so long after its time stamp. */
const STEP_SHOWS_MS = 10_000

export class PodProcess {
  readonly id: string
  readonly name: string
  readonly system: ProcessSystem
  readonly startedAt: number
  status: ProcessStatus = 'running'
  goneAt = Number.POSITIVE_INFINITY
  running: Running | undefined
  #steppedAt = Number.NEGATIVE_INFINITY
  readonly #options: PodProcessOptions

  constructor(options: PodProcessOptions) {
    this.#options = options
    this.id = options.id
    this.name = options.name
    this.system = options.system
    this.startedAt = options.system.now()
  }

  start(): void {
    const { ports, name, system, logger } = this.#options
    const { log, stores, graph } = ports
    run(graph, { log, name, stores, limits: LIMITS, logger, system }).then(
      running => {
        this.running = running
        running.ended.catch(error => this.#failed(error))
      },
      error => this.#failed(error),
    )
  }

  /** Sets its wall clock. That of a process that is gone stays, since its last commit may be decided later. */
  stepClock(byMs: number): void {
    if (this.status === 'gone') return
    this.#steppedAt = this.system.monotonic()
    this.system.stepClock(byMs)
  }

  /** The wall clock of the process. `undefined` shortly after it was set: then time stamps cannot be compared. */
  clock(): number | undefined {
    return this.system.monotonic() - this.#steppedAt > STEP_SHOWS_MS ? this.system.now() : undefined
  }

  kill(): void {
    this.status = 'gone'
    this.goneAt = Math.min(this.goneAt, this.#options.world.now())
    this.system.kill()
  }

  pause(): void {
    this.status = 'paused'
    this.system.pause()
  }

  resume(): void {
    if (this.status !== 'paused') return
    this.status = 'running'
    this.system.resume()
  }

  /** As SIGTERM does; the process is gone when it has handed over. */
  stop(): void {
    if (this.status !== 'running' || !this.running) return
    this.status = 'stopping'
    const { running } = this
    const { log } = this.#options.ports
    this.system.defer(() => {
      running.stop().then(
        () => log.close().then(() => this.kill()),
        error => this.#failed(error),
      )
    })
  }

  #failed(error: unknown): void {
    if (this.status === 'gone') return
    this.kill()
    this.#options.onFailed(this, error)
  }
}

/** One line about anything thrown. */
export function told(error: unknown): string {
  const { stack } = error as Partial<CaudalError> // Read only where it is text.
  return typeof stack === 'string' ? stack.split('\n').slice(0, 4).join(' | ') : reasonOf(error)
}
