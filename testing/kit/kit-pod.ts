/** One pod of a topology under test: the real runtime in a simulated process that can crash, pause, stop and start. */
import { type Running, run } from '#engine/client/run.ts'
import type { Topology } from '#topology/topology.ts'
import type { ProcessSystem } from '../virtual-time.ts'
import { misuse } from './misuse.ts'
import { within } from './place.ts'
import { placeOf, type World } from './world.ts'

/** `failed`: the pod ended by itself, with an error. */
export type KitPodStatus = 'running' | 'paused' | 'crashed' | 'stopped' | 'failed'

/** One pod of a topology under test. Made by `testTopology`. */
export class KitPod {
  /** Name of the pod. */
  readonly name: string
  /** The error with which the pod failed. */
  failure: unknown
  #status: KitPodStatus = 'stopped'
  #process: ProcessSystem | undefined
  #running: Running | undefined
  readonly #world: World

  constructor(name: string, world: World) {
    this.name = name
    this.#world = world
  }

  /** What the pod does now. */
  get status(): KitPodStatus {
    return this.#status
  }

  /** The tasks that the pod runs now, as `stage/partition`. */
  get tasks(): readonly string[] {
    const tasks = this.#status === 'running' ? (this.#running?.status().tasks ?? []) : []
    return tasks.filter(({ phase }) => phase === 'running').map(({ name }) => name)
  }

  /** What `run` returned, for tests that read figures or resume a task. Throws KIT_MISUSED before the first start. */
  get running(): Running {
    if (this.#running) return this.#running
    throw misuse(`${this.name} was never started`)
  }

  /** Starts the pod in a new process. */
  async start(topology: Topology): Promise<void> {
    if (this.#status === 'running' || this.#status === 'paused') {
      throw misuse(`${this.name} is ${this.#status}; crash or stop it first`)
    }
    const { time, broker, limits, adoptTopics } = this.#world
    const process = time.systemFor(this.name)
    const place = placeOf(process, () => this.#process === process && this.#isAlive)
    const { name, system } = place
    this.#process = process
    this.#status = 'running'
    this.failure = undefined
    const log = broker.connect(system, name)
    const logger = this.#world.loggerOf(name)
    const interceptor = this.#world.interceptor?.(name, system)
    try {
      this.#running = await time.settle(
        within(place, () => run(topology, { log, name, system, limits, logger, adoptTopics, interceptor })),
        600_000,
      )
    } catch (error) {
      this.#end('failed', error)
      throw error
    }
    this.#running.ended.catch(error => this.#process === process && this.#end('failed', error))
  }

  /** Ends the pod in good order: it finishes what is in flight and hands its tasks over. */
  async stop(): Promise<void> {
    if (this.#status !== 'running')
      throw misuse(`${this.name} is ${this.#status}; only a running pod can stop`)
    await this.#world.time.settle(this.running.stop(), 600_000)
    this.#end('stopped')
  }

  /** Ends the pod at this moment, as kill -9 does. Uncommitted effects are lost, and nobody is notified. */
  crash(): void {
    if (!this.#isAlive) throw misuse(`${this.name} is ${this.#status}; only a living pod can crash`)
    this.#end('crashed')
  }

  /** Pauses the pod's process, as SIGSTOP does. Other pods take its tasks over, and the paused pod does not notice. */
  pause(): void {
    if (this.#status !== 'running')
      throw misuse(`${this.name} is ${this.#status}; only a running pod can pause`)
    this.#process?.pause()
    this.#status = 'paused'
  }

  /** Continues the pod after a pause. */
  resume(): void {
    if (this.#status !== 'paused') throw misuse(`${this.name} is ${this.#status}; there is nothing to resume`)
    this.#process?.resume()
    this.#status = 'running'
  }

  /** Sets the wall clock of the pod's process forward, or back if negative. The next process begins with the world's time. */
  stepClock(byMs: number): void {
    if (!this.#isAlive) throw misuse(`${this.name} is ${this.#status}; only a living pod has a clock`)
    this.#process?.stepClock(byMs)
  }

  /** Ends the pod's process in any way that is still possible, so that a test gives back what it took. */
  dispose(): void {
    if (this.#isAlive) this.#end('stopped')
  }

  get #isAlive(): boolean {
    return this.#status === 'running' || this.#status === 'paused'
  }

  #end(status: 'crashed' | 'stopped' | 'failed', failure?: unknown): void {
    this.#status = status
    this.failure = failure
    this.#process?.kill()
  }
}
