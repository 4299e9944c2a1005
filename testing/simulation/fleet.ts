/**
 * A whole cluster in one process on virtual time: the pods, the log that they share, the model that they pay, and their faults.
 * Faults act through the fleet, so that the calm ends every fault that has begun.
 */
import { type ErrorCode, hasCode } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { silent } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import {
  createSimulatedBroker,
  evenLatency,
  type SimulatedBroker,
} from '#engine/log/simulated/simulated-broker.ts'
import { durableMemoryStores } from '#engine/state/memory-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { type Plan, plan } from '#topology/plan.ts'
import { writePlacesOf } from '#topology/plan-tasks.ts'
import { type Random, seededRandom, seedOf } from '../seeded-random.ts'
import { VirtualTime } from '../virtual-time.ts'
import { forgetting } from './disks.ts'
import { type Disturbance, Evidence, type PodFailure, type PROVIDER } from './evidence.ts'
import { Follower } from './follower.ts'
import { Ledger } from './ledger.ts'
import { GOOD_MOOD, ModelServer } from './model-server.ts'
import { PodProcess, type Ports, told } from './pod-process.ts'
import { REQUEST_TIMEOUT_MS, type Scenario } from './scenario.ts'

/** Longer than the age of the oldest usable copy, plus the longest sleep of a process that opens it. */
const TOMBSTONE_RETENTION_MS = 20_000
const COPY_AGE_MAX_MS = 8_000
/** How often a roll-out checks whether a pod has ended. */
const ROLL_LOOK_MS = 200
/** A supervisor restarts a process after this time. */
const RESTART_MS = 500
/** How long the consequences of a fault (a time-out, a session, a take-over) may last after its end. */
const AFTERMATH_MS = 5_000

export interface FleetOptions {
  readonly scenario: Scenario
  readonly seed: number
  /** Wraps the ports of a pod: this is how a bug is planted. */
  readonly plant?: Plant
  /** Has the pods' own log lines in the trace. */
  readonly verbose?: boolean
}

/** Given the ports of a pod, its name and the fleet that it is part of, the ports that it gets. */
export type Plant = (ports: Ports, name: string, fleet: Fleet) => Ports

/** Faults that can be repaired each alone, but not together. */
export type Theme = 'late starts' | 'torn transactions'

export class Fleet {
  readonly scenario: Scenario
  readonly time: VirtualTime
  /** The system of the outside world. */
  readonly system: System
  readonly broker: SimulatedBroker
  readonly model: ModelServer
  /** A client that no fault is aimed at: the operator of the cluster, and the source of the inputs. */
  readonly outsider: Log
  readonly plan: Plan
  readonly processes: PodProcess[] = []
  readonly ledger = new Ledger()
  readonly disturbances: Disturbance[] = []
  readonly failures: PodFailure[] = []
  readonly trace: string[] = []
  /** Errors that a fault excuses a pod to end with. */
  readonly excused = new Set<ErrorCode>()
  /** How many faults have struck. */
  strikes = 0
  /** Of the pods that are started from now on. */
  #version = 0
  readonly #options: FleetOptions
  readonly #followers = new Map<string, Follower>()
  readonly #disks = new Map<string, StoreFactory>()
  /** Names of pods that died without handing over. */
  readonly #crashed = new Set<string>()
  readonly #endings = new Set<() => void>()
  /** Until when each lasts. */
  readonly #themes = new Map<Theme, number>()
  readonly #startedAt: number
  #names = 0

  constructor(options: FleetOptions) {
    const { seed, scenario } = options
    this.#options = options
    this.scenario = scenario
    this.time = new VirtualTime(seed)
    this.system = this.time.system
    this.#startedAt = this.system.now()
    this.model = new ModelServer(this.system, this.randomFor('model'), scenario.shape.latencyMs)
    this.broker = createSimulatedBroker({
      system: this.system,
      latency: evenLatency(this.system, 0.2, 3),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      transactionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 6_000,
      tombstoneRetentionMs: TOMBSTONE_RETENTION_MS,
    })
    const clockOf = (incarnation: string) => this.#processOf(incarnation)?.clock()
    this.broker.inspect.onCommitted(batches => this.ledger.committed(batches, this.system.now(), clockOf))
    this.outsider = this.broker.connect(this.system, 'outsider')
    const services = { model: this.model.connect('nobody', this.system) }
    this.plan = plan(scenario.graph(services, this.#lastVersion))
  }

  /** Creates the topics, and begins to follow those that are trimmed. */
  async open(): Promise<void> {
    const { plan, outsider, system, scenario } = this
    await this.time.settle(outsider.createTopics(plan.topicSpecs))
    for (const { name, partitions } of plan.topicSpecs) {
      if (!scenario.followed?.includes(name)) continue
      this.#followers.set(name, new Follower(outsider, system, name, partitions))
    }
  }

  /** Randomness of one part of the run. */
  randomFor(part: string): Random {
    return seededRandom(seedOf(this.#options.seed, part))
  }

  /** What a user could read now. */
  evidence(): Evidence {
    return new Evidence({
      plan: this.plan,
      committed: topic => this.#followers.get(topic)?.records ?? this.broker.inspect.committed(topic),
      calls: this.model.calls,
      ledger: this.ledger,
      processOf: incarnation => this.#processOf(incarnation)?.id,
      hadDuplicate: (process, at) => this.#hadDuplicate(process, at),
      disturbances: this.disturbances,
      failures: this.failures,
      strikes: this.strikes,
    })
  }

  /** Of the processes of the pod's name the one that was started then. */
  #processOf(incarnation: string): PodProcess | undefined {
    const [, name, startedAt] = /^(.*):(\d+):[0-9a-z]+$/.exec(incarnation) ?? []
    return this.processes.findLast(each => each.name === name && each.startedAt === Number(startedAt))
  }

  #hadDuplicate(id: string, at: number): boolean {
    const process = this.processes.find(each => each.id === id)
    const others = this.processes.filter(each => each !== process && each.name === process?.name)
    return others.some(({ startedAt, goneAt }) => startedAt <= at && goneAt >= at)
  }

  // --- Processes

  /** Starts a pod; under a new name where none is given. A name has a disk, which outlives its processes, unless it brings one. */
  start(name = `pod-${this.#names++}`, disk = this.#diskOf(name)): PodProcess {
    const id = `${name}#${this.processes.length}`
    const system = this.time.systemFor(id)
    const log = this.broker.connect(system, name)
    const graph = this.scenario.graph({ model: this.model.connect(id, system) }, this.#version)
    const ports = { log, stores: disk, graph }
    const process = new PodProcess({
      id,
      name,
      system,
      world: this.system,
      ports: this.#options.plant?.(ports, name, this) ?? ports,
      logger: this.#options.verbose ? this.#loggerOf(id) : silent,
      onFailed: (failed, error) => this.#ended(failed, error),
    })
    // A pod that takes over from the crashed predecessor fences by its name, and hits this process.
    if (this.#crashed.has(name)) this.disturb(process, 0)
    this.processes.push(process)
    process.start()
    return process
  }

  get #lastVersion(): number {
    return (this.scenario.versions ?? 1) - 1
  }

  /** Rolls out another version: every running pod is stopped in good order and started again, one after another. */
  roll(version = this.#version === this.#lastVersion ? 0 : this.#version + 1): void {
    this.#version = version
    this.note(`version ${version} is rolled out`)
    const restart = ([process, ...others]: readonly PodProcess[]): void => {
      if (!process) return
      process.stop()
      const again = () => {
        if (!this.isNameFree(process.name)) return void this.system.after(ROLL_LOOK_MS, again)
        if (this.live.length < this.scenario.shape.pods) this.start(process.name)
        restart(others)
      }
      this.system.after(ROLL_LOOK_MS, again)
    }
    restart(this.live)
  }

  #diskOf(name: string): StoreFactory {
    const disk = this.#disks.get(name) ?? forgetting(durableMemoryStores(), this.system, COPY_AGE_MAX_MS)
    this.#disks.set(name, disk)
    return disk
  }

  get live(): readonly PodProcess[] {
    return this.processes.filter(({ status }) => status === 'running')
  }

  isNameFree(name: string): boolean {
    return this.processes.every(each => each.name !== name || each.status === 'gone')
  }

  kill(process: PodProcess): void {
    this.disturb(process, 0)
    this.#crashed.add(process.name)
    process.kill()
  }

  // --- What faults are made with

  /** Fences the pod of this name, as a pod that takes its tasks over does. */
  fence(name: string): Promise<void> {
    return this.outsider.fence(`${this.plan.application}-${name}`, writePlacesOf(this.plan))
  }

  /** Begins a theme for so long. False while the other theme lasts, as the two must not meet. */
  begins(theme: Theme, durationMs: number): boolean {
    const now = this.system.now()
    const other = theme === 'late starts' ? 'torn transactions' : 'late starts'
    if ((this.#themes.get(other) ?? 0) > now) return false
    this.#themes.set(theme, Math.max(this.#themes.get(theme) ?? 0, now + durationMs))
    return true
  }

  /** Notes that something is wrong with a process, or with all of them, for so long. */
  disturb(process: PodProcess | typeof PROVIDER | undefined, durationMs: number): void {
    const from = this.system.now()
    const id = typeof process === 'object' ? process.id : process
    const until = from + durationMs
    this.disturbances.push({ process: id, from, until, settledBy: until + AFTERMATH_MS })
  }

  /** Calls `ending` after so long, or when the calm comes if that is earlier. */
  later(delayMs: number, ending: () => void): void {
    const end = () => {
      if (!this.#endings.delete(end)) return
      cancel()
      ending()
    }
    this.#endings.add(end)
    const cancel = this.system.after(delayMs, end)
  }

  note(what: string): void {
    const seconds = ((this.system.now() - this.#startedAt) / 1_000).toFixed(3)
    this.trace.push(`${seconds.padStart(8)} s  ${what}`)
  }

  /** Ends every fault, and brings the fleet to its full size. */
  calm(): void {
    this.note('calm')
    for (const end of [...this.#endings]) end()
    const { faults } = this.broker
    faults.clear()
    faults.setPlan(undefined)
    faults.delayMarkers(0)
    faults.freeDisk()
    faults.keepMarkers()
    faults.thawClaims()
    this.model.mood = GOOD_MOOD
    for (const process of this.processes) {
      faults.heal(process.name)
      process.resume()
    }
    this.abortHanging()
    if (this.#lastVersion > 0) this.roll(this.#lastVersion)
    while (this.live.length < this.scenario.shape.pods) this.start()
  }

  /** Aborts hanging transactions of other clients, as an operator does. */
  abortHanging(): void {
    for (const { name, partitions } of this.broker.inspect.topics()) {
      for (let partition = 0; partition < partitions; partition++) {
        this.broker.faults.abortHanging({ topic: name, partition }, 'foreign')
      }
    }
  }

  #ended(process: PodProcess, error: unknown): void {
    this.note(`${process.id} ended: ${told(error)}`)
    // A pod may fail to reach the log at its start. The supervisor starts it again.
    const isUnreachable = process.running === undefined && hasCode(error, 'LOG_UNAVAILABLE')
    const isExcused = [...this.excused].some(code => hasCode(error, code))
    if (!isUnreachable && !isExcused) this.failures.push({ process: process.id, error })
    this.disturb(process, 0)
    this.later(RESTART_MS, () => {
      if (this.isNameFree(process.name)) this.start(process.name)
    })
  }

  #loggerOf(id: string): Logger {
    const log = (level: string) => (message: string, fields?: object) =>
      this.note(`${id} ${level}: ${message} ${fields ? JSON.stringify(fields) : ''}`)
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
}
