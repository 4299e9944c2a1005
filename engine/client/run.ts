/** Runs a topology in this process: the way in for programs that embed the engine. */

import { CaudalError } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { type LimitOptions, type Limits, resolveLimits } from '#core/limits.ts'
import type { Logger } from '#core/loggers.ts'
import { warnings } from '#core/loggers.ts'
import type { PodMetrics } from '#core/pod-metrics.ts'
import { realSystem, type System } from '#core/system.ts'
import { type Patience, whenAvailable } from '#core/when-available.ts'
import type { Log } from '#engine/log/log.ts'
import { Pod } from '#engine/pod/pod.ts'
import { uniqueName } from '#engine/pod/pod-name.ts'
import { type PodStatus, statusOf } from '#engine/pod/pod-status.ts'
import type { Health, Resource } from '#engine/pod/resources.ts'
import { watchStrayErrors } from '#engine/record/current-work.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import type { AdoptedTopics } from '#engine/topics/plan-topics.ts'
import type { SourcesFrom } from '#engine/topics/source-beginnings.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import { checkReaders, type KeptDeadLetter, readDeadLetters, replayDeadLetters } from './dead-letters.ts'
import { fittedTopology } from './fitted-topology.ts'
import { standingFor } from './running-pod.ts'
import { type Sent, TopicClient, type TopicHandle, type TopicRecord } from './topic-client.ts'

/** What `run` takes besides the topology. Only `log` is required. */
export interface RunOptions {
  /** The log that the pod reads and writes, such as `kafkaLog` or `EmbeddedLog`. */
  readonly log: Log
  /**
   * Unique among the live pods of the application. Left out: the machine's name and some characters that differ at each start.
   * A pod that is restarted under its name takes over from its predecessor without a wait.
   */
  readonly name?: string
  /** Where the local copies of state are. Left out: in memory, so that each start reads the whole state topic. */
  readonly stores?: StoreFactory
  /** Bounds that differ from their defaults. docs/limits.md lists all of them. */
  readonly limits?: LimitOptions
  /** The answer to TOPIC_REPLACED: topics that took the place of deleted ones, by their ids, and where to begin in each. */
  readonly adoptTopics?: AdoptedTopics
  /**
   * Where a new application begins to read its sources: with all that they hold, or with what comes from then on. Only the very
   * first start of the application reads this option. Left out: at their start. A source with a history that another application
   * reads then rejects the start (SOURCE_UNDECIDED).
   */
  readonly sourcesFrom?: SourcesFrom | undefined
  /** What the operators need besides the log: opened before the join, closed after the leave, part of the pod's readiness. */
  readonly resources?: readonly Resource[]
  /** Called around operators, steps and commits, for traces. */
  readonly interceptor?: Interceptor | undefined
  /** Left out: warnings and errors go to the standard error output, a line each. `silentLogger` drops all lines. */
  readonly logger?: Logger
  /** Clock, timers and random numbers; those of the machine when left out. */
  readonly system?: System
}

/** A pod that runs a topology in this process. */
export interface Running {
  /** Name of the pod: the one that was given, or its own. */
  readonly name: string
  /** The stages of the topology with their topics. */
  readonly plan: Plan
  /** The bounds of the pod, defaults included; durations in milliseconds. */
  readonly limits: Limits
  /** Figures of the pod, up to date at each reading. `caudal/diagnostics` says what each means. */
  readonly metrics: PodMetrics
  /** The resources that the pod opened, each with its health. */
  readonly resources: readonly Health[]
  /** What the pod does now: its phase, its tasks, and the errors that block them. */
  status(): PodStatus
  /** Resolves at the next step of the pod. Never resolves while the pod hangs, or after the pod has ended. */
  responds(): Promise<void>
  /**
   * Lets a blocked task go on once the cause is fixed. The task is named as in `status()`. It goes on where it stopped, and the
   * rate of its dead letters counts from zero. Does nothing for a task that is not blocked. Rejects with REJECTED for a task that
   * this pod does not have.
   */
  resume(task: string): Promise<void>
  /** Writes records to a topic from outside, encoded by the topic's codec. The topic has the records when this resolves. */
  send<V>(topic: TopicHandle<V>, ...records: readonly Sent<NoInfer<V>>[]): Promise<void>
  /**
   * The committed records of a topic, from its start, then as they come. The iteration ends when its loop is left or the log
   * is closed.
   */
  follow<V>(topic: TopicHandle<V>): AsyncIterable<TopicRecord<V>>
  /** The dead letters of the application that were not sent again, the earliest first. */
  deadLetters(): Promise<readonly KeptDeadLetter[]>
  /**
   * Sends dead letters again to where they failed. Each goes with its identity, so what was bought is not bought again. Rejects
   * with REJECTED, and sends none, if one was a timer, or if other operators of the graph would take its record once more.
   */
  replay(letters: readonly KeptDeadLetter[]): Promise<void>
  /** Finishes what is in flight, commits, hands over and leaves. */
  stop(): Promise<void>
  /** Settles when the pod has ended: resolves after `stop`, rejects with the error that ended it. */
  readonly ended: Promise<void>
}

/**
 * Starts one pod. Faults of the graph or of the limits reject at once, all of them listed (TOPOLOGY_INVALID,
 * CONFIGURATION_INVALID). The start also rejects with one of these:
 *
 * - TOPIC_MISMATCH: topics of the log differ from the topology.
 * - TOPOLOGY_CHANGED: the topology would lose what an earlier version has stored.
 * - RESOURCE_FAILED: a resource does not open.
 */
export async function run(topology: Topology, options: RunOptions): Promise<Running> {
  const { log, stores = memoryStores(), logger = warnings, system = realSystem } = options
  const { name = uniqueName(system), adoptTopics = {}, sourcesFrom, resources = [], interceptor } = options
  const limits = resolveLimits(options.limits)
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  ended.catch(() => undefined) // A program that does not await `ended` finds the error in the log.
  plan(topology) // Throws for faults of the graph, before the log is asked.
  const planned = plan(await fitted(topology, log, { system, logger, isWanted: () => true }))
  const surroundings = { log, system, stores, logger, resources, interceptor }
  const beginnings = { adoptTopics, sourcesFrom }
  const pod = new Pod({ ...surroundings, ...beginnings, plan: planned, limits, name, onFailed: reject })
  const stop = async () => {
    await pod.stop()
    resolve()
  }
  watchStrayErrors()
  await started(pod)
  const facts = { name, plan: planned, limits, stop, ended }
  return standingFor(runningOf(pod, facts, log, system), pod)
}

/** If the start rejects: waits until nothing of the pod is open any more, and rejects with the same error. */
async function started(pod: Pod): Promise<void> {
  try {
    await pod.start()
  } catch (error) {
    await pod.stop()
    await pod.whenClosed
    throw error instanceof CaudalError ? error : new CaudalError('STOPPED', { reason: String(error) }, error)
  }
}

type Facts = Pick<Running, 'name' | 'plan' | 'limits' | 'stop' | 'ended'>

function runningOf(pod: Pod, facts: Facts, log: Log, system: System): Running {
  const client = new TopicClient(facts.plan, log, system)
  return {
    ...facts,
    get metrics() {
      return pod.metrics
    },
    resources: pod.health,
    status: () => statusOf(pod),
    responds: () => new Promise(resolve => pod.enqueue(resolve)),
    resume: task => pod.resume(task),
    send: (topic, ...records) => client.send(topic, records),
    follow: topic => client.follow(topic),
    deadLetters: () => readDeadLetters(log, facts.plan.application),
    replay: async letters => {
      checkReaders(letters, facts.plan)
      await replayDeadLetters(log, letters, system.now())
    },
  }
}

async function fitted(topology: Topology, log: Log, patience: Patience): Promise<Topology> {
  let found = topology
  await whenAvailable(async () => {
    found = await fittedTopology(topology, log)
  }, patience)
  return found
}
