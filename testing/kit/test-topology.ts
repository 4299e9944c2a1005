/** Runs a topology with the real runtime on virtual time over a simulated cluster: the kit's main way in. */

import { type Duration, durationText } from '#core/duration.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { RunOptions } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Sent, TopicHandle, TopicRecord } from '#engine/client/topic-client.ts'
import type { Log } from '#engine/log/log.ts'
import type { Faults } from '#engine/log/simulated/faults.ts'
import type { DeadLetter } from '#engine/record/dead-letter.ts'
import { explainText } from '#topology/explain.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import { EndlessInstant } from '../virtual-time.ts'
import { KitPod } from './kit-pod.ts'
import { KitState } from './kit-state.ts'
import { KitTopics } from './kit-topics.ts'
import { misuse, msOf } from './misuse.ts'
import { blockedTasks, openWork } from './open-work.ts'
import { type LogLine, World, type WorldOptions } from './world.ts'

const REASONS_MAX = 10

/** Options of `testTopology`. */
export interface KitOptions extends WorldOptions {
  /** How many pods run the topology; 1 when left out. */
  readonly pods?: number
}

/**
 * Starts a topology, and resolves when its pods are at rest for the first time.
 *
 * ```ts
 * await using kit = await testTopology(graph)
 * await kit.send(words, { key: 'a', value: 'caudal' })
 * await kit.settle()
 * expect(kit.read(totals)).toEqual([1])
 * ```
 *
 * No real time passes, and the same seed gives the same run. Rejects as `run` does for a graph with faults.
 */
export async function testTopology(topology: Topology, options: KitOptions = {}): Promise<TestKit> {
  const { pods = 1 } = options
  if (!Number.isInteger(pods) || pods < 1) throw misuse(`pods is ${pods}; give a whole number from 1 on`)
  const kit = new TestKit(topology, new World(options), pods)
  await kit.restart()
  await kit.settle()
  return kit
}

/**
 * A running topology on virtual time, over a simulated log. Made by `testTopology`. Misuse throws KIT_MISUSED, and says
 * what to do.
 */
export class TestKit {
  /** All pods of the kit, also those that have ended. */
  readonly pods: KitPod[] = []
  /** The log from outside, for what a tool would do: `kit.wait(kit.log.trim(...))`. */
  readonly log: Log
  readonly #world: World
  readonly #topics: KitTopics
  readonly #state: KitState
  #topology: Topology
  #plan: Plan
  #underWay: string | undefined
  /** Failures of pods that a call has already rejected with. Each is reported once. */
  readonly #reported = new Set<unknown>()
  #disposed = false

  constructor(topology: Topology, world: World, pods: number) {
    this.#world = world
    this.#topology = topology
    this.#plan = plan(topology)
    this.#topics = new KitTopics(world, () => this.#plan)
    this.#state = new KitState(world, () => this.#plan)
    this.log = world.broker.connect(world.time.system, 'test')
    for (let nth = 1; nth <= pods; nth++) this.pods.push(new KitPod(`pod-${nth}`, world))
  }

  // --- Time

  /** Virtual time, milliseconds since the epoch. */
  get now(): number {
    return this.system.now()
  }

  /** Virtual time of the test itself. */
  get system(): System {
    return this.#world.time.system
  }

  /** Lets time pass: timers fire, delays end, scripted calls are answered. */
  advance(duration: Duration): Promise<void> {
    const ms = msOf('advance', duration)
    return this.#perform('advance', async () => {
      await this.#world.time.runFor(ms)
      this.#throwFailure()
    })
  }

  /**
   * Lets time pass until nothing is in progress: no record unread or running, no effect uncommitted. Timers and delays of the
   * future keep waiting; `advance` is for them. Rejects with NOT_SETTLED if something is stuck, and says what and where. Rejects
   * once with the error of a pod that failed.
   */
  settle(options: { readonly within?: Duration } = {}): Promise<void> {
    const withinMs = msOf('within', options.within ?? '10m')
    return this.#perform('settle', async () => {
      const end = this.now + withinMs
      await this.#world.time.runFor(0)
      do {
        const came = await this.#world.time.runUntil(() => this.#mustEnd(), end - this.now)
        this.#throwFailure()
        if (!came || this.#blocked().length > 0) throw this.#unsettled(durationText(withinMs))
        // What else happens at this instant may start something again.
        await this.#world.time.runFor(0)
      } while (!this.#isAtRest())
    })
  }

  /** Lets time pass until `isDone`, and not further: to crash in the middle of something. */
  until(isDone: () => boolean, options: { readonly within?: Duration } = {}): Promise<void> {
    const withinMs = msOf('within', options.within ?? '10m')
    return this.#perform('until', async () => {
      const came = await this.#world.time.runUntil(() => this.#hasFailed() || isDone(), withinMs)
      this.#throwFailure()
      if (!came) throw this.#unsettled(durationText(withinMs))
    })
  }

  /** Lets time pass until a promise is settled, and hands on its outcome. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return this.#perform('wait', () => this.#world.time.settle(promise, 600_000))
  }

  // --- Data

  /** Writes records from outside, each encoded by its topic's codec; they are in the topic when this resolves. */
  send<V>(topic: TopicHandle<V>, ...records: readonly Sent<NoInfer<V>>[]): Promise<void>
  send(topic: string, ...records: readonly Sent<unknown>[]): Promise<void>
  send(topic: TopicHandle<unknown> | string, ...records: readonly Sent<unknown>[]): Promise<void> {
    const batches = this.#topics.encode(topic, records)
    return this.#perform('send', () => this.#world.time.settle(this.log.append(batches)))
  }

  /** The committed values of a topic, tombstones left out; ordered by key, merged by event time. */
  read<V>(topic: TopicHandle<V>): V[]
  read(topic: string): unknown[]
  read(topic: TopicHandle<unknown> | string): unknown[] {
    return this.#topics.values(topic)
  }

  /** As `read`, with keys, headers, event times and places. */
  records<V>(topic: TopicHandle<V>): TopicRecord<V>[]
  records(topic: string): TopicRecord<unknown>[]
  records(topic: TopicHandle<unknown> | string): TopicRecord<unknown>[] {
    return this.#topics.records(topic)
  }

  /** Records that were given up, with their original bytes; the earliest first. */
  deadLetters(): DeadLetter[] {
    return this.#topics.deadLetters()
  }

  /** Committed state: a value, a map's entries as an object, or `undefined`. */
  state(operator: string, state: string, key: string): unknown {
    return this.#state.get(operator, state, key)
  }

  /** When a timer is due; `undefined` where none is set. */
  timer(operator: string, name: string, key: string): number | undefined {
    return this.#state.timer(operator, name, key)
  }

  // --- Pods

  /** All living pods end at this very moment, as by kill -9. */
  crash(): void {
    const living = this.pods.filter(({ status }) => status === 'running' || status === 'paused')
    if (living.length === 0) throw misuse('no pod is alive that could crash')
    for (const pod of living) pod.crash()
  }

  /** All running pods finish what they have in flight and end. */
  async stop(): Promise<void> {
    await this.#perform('stop', async () => {
      await Promise.all(this.pods.filter(({ status }) => status === 'running').map(pod => pod.stop()))
    })
  }

  /**
   * Starts every pod that does not run. `next` is the next version of the topology. `adoptTopics` goes to `run` from now on: topics
   * that took the place of deleted ones.
   */
  async restart(
    next: Topology = this.#topology,
    { adoptTopics = this.#world.adoptTopics }: Pick<RunOptions, 'adoptTopics'> = {},
  ): Promise<void> {
    this.#world.adoptTopics = adoptTopics
    const ended = this.pods.filter(({ status }) => status !== 'running' && status !== 'paused')
    if (ended.length === 0) throw misuse('every pod is running; crash or stop one first')
    this.#plan = plan(next)
    this.#topology = next
    await this.#perform('restart', async () => {
      for (const pod of ended) await pod.start(next)
    })
  }

  /** Adds one more pod, which takes over its share of the tasks. */
  async addPod(): Promise<KitPod> {
    const pod = new KitPod(`pod-${this.pods.length + 1}`, this.#world)
    this.pods.push(pod)
    await this.#perform('addPod', () => pod.start(this.#topology))
    return pod
  }

  // --- Trouble

  /** Faults between pods and log. The name of a pod is its name as a client. */
  get faults(): Faults {
    return this.#world.broker.faults
  }

  /** Log lines of the pods. */
  get logs(): readonly LogLine[] {
    return this.#world.lines
  }

  /** The plan in words: stages, operators, topics. */
  explain(): string {
    return explainText(this.#plan)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    for (const pod of this.pods) pod.dispose()
    await this.log.close()
  }

  /** Allows one call at a time. If two calls ran virtual time at once, the order of events would depend on chance. */
  async #perform<T>(name: string, body: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw misuse(`${name} was called after the end of the kit's scope`)
    if (this.#underWay)
      throw misuse(`${name} was called while ${this.#underWay} was running; await every call`)
    this.#underWay = name
    try {
      return await body()
    } catch (error) {
      throw error instanceof EndlessInstant ? this.#unsettled('one instant', [error.reason]) : error
    } finally {
      this.#underWay = undefined
    }
  }

  #living() {
    return this.pods.filter(({ status }) => status === 'running').map(({ running }) => podOf(running))
  }

  #isAtRest(): boolean {
    return openWork(this.#plan, this.#living(), this.#world.broker).next().done === true
  }

  #mustEnd(): boolean {
    return this.#hasFailed() || this.#isAtRest() || this.#blocked().length > 0
  }

  #blocked(): string[] {
    return blockedTasks(this.#living())
  }

  #hasFailed(): boolean {
    return this.#failedPod() !== undefined
  }

  #failedPod(): KitPod | undefined {
    return this.pods.find(({ status, failure }) => status === 'failed' && !this.#reported.has(failure))
  }

  #throwFailure(): void {
    const failed = this.#failedPod()
    if (!failed) return
    this.#reported.add(failed.failure)
    if (failed.failure instanceof CaudalError) throw failed.failure
    throw new CaudalError('STOPPED', { reason: reasonOf(failed.failure) }, failed.failure)
  }

  #unsettled(within: string, found: readonly string[] = []): CaudalError {
    const open = [...found, ...this.#blocked(), ...openWork(this.#plan, this.#living(), this.#world.broker)]
    const more = open.length > REASONS_MAX ? [`and ${open.length - REASONS_MAX} more`] : []
    const reasons = [...open.slice(0, REASONS_MAX), ...more].map(reason => `- ${reason}`).join('\n')
    return new CaudalError('NOT_SETTLED', { within, reasons: reasons || '- nothing' })
  }
}
