/**
 * A running application under test: pods and a model server as processes, load that comes evenly, a user who watches the
 * answers. Faults are done through it, so that it knows what to expect; `finish` reads what is left and judges it.
 */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { Log } from '#engine/log/log.ts'
import { type Plan, plan } from '#topology/plan.ts'
import { graphOf } from '../pods/graph.ts'
import type { Call, ModelSettings } from '../pods/model-bill.ts'
import type { PodSettings } from '../pods/pod-settings.ts'
import { ModelProcess, PodProcess } from '../pods/processes.ts'
import { type Bill, billOf, type Fault } from './bill.ts'
import { differences, type Outcomes, outcomesOf } from './checks.ts'
import { type Cluster, FAULTS_FOLDER, PROXY_PORT_OFFSET } from './cluster.ts'
import { gatherEvidence } from './evidence.ts'
import { Load } from './load.ts'
import { Outputs } from './outputs.ts'
import type { KafkaProxy } from './proxy.ts'
import { until, untilItStalls } from './until.ts'

const STARTS_WITHIN_MS = 20_000
export const SESSION_MS = 6_000

export interface RigOptions {
  readonly cluster: Cluster
  /** Names the application; each rig of a cluster needs its own. */
  readonly name: string
  readonly records: number
  readonly perSecond: number
  readonly keys: number
  readonly partitions: number
  readonly inFlightMax: number
  readonly callTimeoutMs: number
  readonly model: ModelSettings
  /** The proxies between pods and brokers. Without them, pods connect directly. The maker of the proxies stops them. */
  readonly proxies: readonly KafkaProxy[]
  /** A folder for the pods' local copies of state; they keep state in memory where it is left out. */
  readonly copiesIn?: string
}

export const USUAL = {
  perSecond: 600,
  keys: 2_000,
  partitions: 8,
  inFlightMax: 80,
  callTimeoutMs: 120_000,
  model: { latencyMinMs: 20, latencyMaxMs: 300, slow: {} },
  proxies: [],
} as const

/** What a run came to. */
export interface Verdict {
  readonly outcomes: Outcomes
  readonly differences: readonly string[]
  readonly bill: Bill
  readonly calls: readonly Call[]
}

export class Rig {
  readonly options: RigOptions
  readonly log: Log
  readonly plan: Plan
  readonly load: Load
  readonly outputs: Outputs
  readonly faults: Fault[] = []
  /** Bounds of time that were not kept: this machine may have had other work, so the run is judged by a second one. */
  readonly exceeded: string[] = []
  /** Every life of every pod. */
  readonly lives: PodProcess[] = []
  readonly #model: ModelProcess
  readonly #logFile: string

  private constructor(options: RigOptions, log: Log, planned: Plan, model: ModelProcess) {
    const { name, partitions, records, perSecond, keys } = options
    this.options = options
    this.log = log
    this.plan = planned
    this.#model = model
    this.#logFile = logFileOf(name)
    this.load = new Load({ log, application: name, partitions, records, perSecond, keys })
    this.outputs = new Outputs(log, name, partitions)
  }

  static async open(options: RigOptions): Promise<Rig> {
    mkdirSync(join(FAULTS_FOLDER, 'logs'), { recursive: true })
    rmSync(logFileOf(options.name), { force: true })
    const { name: application, partitions, inFlightMax, cluster } = options
    const log = await openKafkaLog({
      brokers: cluster.addresses,
      clientId: `${application}-rig`,
      system: realSystem,
      fetchWait: 50,
    })
    const ask = () => Promise.resolve('')
    const planned = plan(graphOf({ application, pod: '', partitions, inFlightMax, timeoutMs: 1, ask }))
    await log.createTopics(planned.topicSpecs)
    return new Rig(options, log, planned, await ModelProcess.start(options.model))
  }

  atMost(what: string, measured: number, max: number): void {
    if (!(measured <= max)) this.exceeded.push(`${what}: ${measured}, at most ${max}`)
  }

  /** Begins to load and to watch. */
  begin(): void {
    this.outputs.start()
    this.load.start()
  }

  /** The life of the pod that goes on now. */
  pod(name: string): PodProcess {
    const found = this.lives.findLast(each => each.name === name)
    invariant(found, `there is no pod ${name}`)
    return found
  }

  get living(): readonly PodProcess[] {
    return this.lives.filter(each => each.endedAt === undefined)
  }

  startPod(name: string, version: Pick<PodSettings, 'hasAudit'> = {}): PodProcess {
    const { options } = this
    const settings: PodSettings = {
      application: options.name,
      name,
      brokers: options.cluster.addresses,
      portShift: options.proxies.length > 0 ? PROXY_PORT_OFFSET : 0,
      partitions: options.partitions,
      inFlightMax: options.inFlightMax,
      timeoutMs: options.callTimeoutMs,
      requestTimeoutMs: 2_500,
      limits: { sessionTimeout: SESSION_MS, handOverMax: 60_000 },
      modelUrl: this.#model.url,
      ...(options.copiesIn === undefined ? {} : { copiesIn: options.copiesIn }),
      ...version,
    }
    const pod = new PodProcess(settings, this.#logFile)
    this.lives.push(pod)
    return pod
  }

  /** Starts pods and waits until each has its part of the tasks. */
  async startPods(names: readonly string[], withinMs = STARTS_WITHIN_MS): Promise<void> {
    for (const name of names) this.startPod(name)
    await this.untilSpread(withinMs)
  }

  /** Every partition is run, by as many pods as live. */
  async untilSpread(withinMs: number): Promise<void> {
    const { partitions } = this.options
    await until('tasks are spread over the pods', () => this.#isSpread(partitions), withinMs)
  }

  async killPod(name: string): Promise<Fault> {
    const pod = this.pod(name)
    const fault = this.#note('kill', pod)
    await pod.kill()
    return fault
  }

  /** Pauses a pod like a machine that goes to sleep: neither the pod nor any other process notices at once. */
  freezePod(name: string): Fault {
    const pod = this.pod(name)
    const fault = this.#note('freeze', pod)
    pod.signal('SIGSTOP')
    return fault
  }

  thawPod(name: string): void {
    const pod = this.pod(name)
    this.say(`thaw ${name}`)
    const fault = this.faults.findLast(each => each.pod === pod.incarnation)
    if (fault) fault.until = Date.now()
    pod.signal('SIGCONT')
  }

  /** As the model bills them, with what the pods tell of their answers. */
  async calls(): Promise<readonly Call[]> {
    const taken = new Map<string, number[]>()
    for (const { incarnation, messages } of this.lives) {
      for (const each of messages) {
        if (each.type !== 'answered') continue
        const key = `${incarnation} ${each.call}`
        taken.set(key, [...(taken.get(key) ?? []), each.at])
      }
    }
    const calls = await this.#model.calls()
    return calls.map(each => {
      const takenInAt = taken.get(`${each.pod} ${each.call}`)?.find(at => at >= (each.ended ?? at))
      return takenInAt === undefined ? each : { ...each, takenInAt }
    })
  }

  /** Waits for the last answer, ends the pods and judges what is left. */
  async finish(stalledMs: number): Promise<Verdict> {
    await this.load.done
    const { seen } = this.outputs
    const isDone = () => seen.length >= this.load.loaded || this.lives.some(each => each.hasFailed)
    await untilItStalls('every question is answered', isDone, () => seen.length, stalledMs).catch(error =>
      this.say(String(error)),
    )
    await Promise.all(this.living.map(each => each.stop()))
    const evidence = await gatherEvidence(this.log, this.plan)
    const calls = await this.calls()
    // By now every message of a pod that died has arrived.
    const faults = this.faults.map(each => ({ ...each, cycleBegunAt: this.#cycleBegunBefore(each) }))
    const bill = billOf(calls, faults)
    for (const each of bill.unexplained) this.say(`bought twice without a fault: ${JSON.stringify(each)}`)
    const failures = this.lives.filter(each => each.hasFailed)
    return {
      outcomes: outcomesOf(evidence),
      differences: [
        ...differences(evidence),
        ...failures.map(each => `${each.incarnation} ended by itself: ${each.failure}`),
      ],
      bill,
      calls,
    }
  }

  /** Gives back everything, whatever state it is in. */
  async close(): Promise<void> {
    await this.load.stop()
    await Promise.all(this.living.map(each => each.kill()))
    await this.outputs.stop()
    await this.#model.stop()
    await this.log.close()
  }

  /** Into the run's log, between what the pods say. */
  say(text: string): void {
    appendFileSync(this.#logFile, `${JSON.stringify({ at: Date.now(), rig: text })}\n`)
  }

  #cycleBegunBefore({ pod, at }: Fault): number {
    return this.lives.find(each => each.incarnation === pod)?.cycleBegunBefore(at) ?? at
  }

  #isSpread(partitions: number): boolean {
    const now = Date.now()
    const running = this.living.map(each => each.tasksAt(now).size)
    return running.every(size => size > 0) && running.reduce((sum, size) => sum + size, 0) === partitions
  }

  #note(kind: Fault['kind'], pod: PodProcess): Fault {
    const at = Date.now()
    const until = Number.POSITIVE_INFINITY
    const fault: Fault = {
      kind,
      pod: pod.incarnation,
      at,
      until,
      cycleBegunAt: at,
      partitions: pod.tasksAt(at),
    }
    this.faults.push(fault)
    this.say(`${kind} ${pod.incarnation}, which runs ${[...fault.partitions].join(' ')}`)
    return fault
  }
}

function logFileOf(name: string): string {
  return join(FAULTS_FOLDER, 'logs', `${name}.log`)
}
