/** Puts the parts of a pod together. Each part knows only the parts that this file hands to it. */

import type { Interceptor } from '#core/interceptor.ts'
import type { Limits } from '#core/limits.ts'
import type { Logger } from '#core/loggers.ts'
import type { TaskId } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { AnswerPace } from '#engine/commit/answer-pace.ts'
import { Committer } from '#engine/commit/committer.ts'
import { Meter } from '#engine/commit/meter.ts'
import { Outlets } from '#engine/commit/outlets.ts'
import type { Log } from '#engine/log/log.ts'
import { Confirmation } from '#engine/ownership/confirmation.ts'
import { incarnationOf } from '#engine/ownership/incarnation.ts'
import { Ownership } from '#engine/ownership/ownership.ts'
import { StateTail } from '#engine/ownership/state-tail.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { Gate } from '#engine/task/gate.ts'
import type { Task } from '#engine/task/task.ts'
import { PlanTopics, type TopicAnswers } from '#engine/topics/plan-topics.ts'
import { PodTables } from '#engine/topics/pod-tables.ts'
import type { Plan } from '#topology/plan.ts'
import { statePlacesOf, writePlacesOf } from '#topology/plan-tasks.ts'
import { Blocks } from './blocks.ts'
import { Group } from './group.ts'
import { Inbox } from './inbox.ts'
import type { Resource } from './resources.ts'
import { TaskFactory } from './task-factory.ts'
import { TopicWatch } from './topic-watch.ts'
import { Turns } from './turns.ts'
import { Upkeep } from './upkeep.ts'

export interface PodOptions extends TopicAnswers {
  readonly plan: Plan
  readonly log: Log
  readonly system: System
  readonly stores: StoreFactory
  readonly limits: Limits
  readonly logger: Logger
  /** Unique among the live pods of the application. */
  readonly name: string
  readonly resources?: readonly Resource[]
  readonly interceptor?: Interceptor | undefined
  /** The pod has failed with an error that it cannot survive. */
  readonly onFailed: (error: unknown) => void
}

/** What the parts report to their pod, and ask it. */
export interface PodHooks {
  readonly step: () => void
  readonly joined: (generation: number, tasks: readonly TaskId[]) => void
  /** The pod is leaving, and gets no more tasks. */
  readonly isStopping: () => boolean
  readonly tasks: () => readonly Task[]
  readonly producerLost: (error: unknown) => void
  readonly release: (task: string, error: unknown) => void
  readonly fail: (error: unknown) => void
}

export type PodParts = ReturnType<typeof partsOf>

export function partsOf(options: PodOptions, hooks: PodHooks) {
  const { plan, limits, name, system } = options
  const inbox = new Inbox(system, hooks.step)
  const meter = new Meter(incarnationOf(name, system), name)
  const pace = new AnswerPace(system)
  const committer = committerOf(options, hooks, { meter, inbox, pace }, () => ownership)
  const tables = tablesOf(options, hooks)
  const situation = () => ({
    isConfirmed: confirmation.isByAny,
    isSure: ownership.isSure,
    stagedAgeMs: committer.stagedAgeMs,
  })
  const gate = new Gate(limits, committer, situation, () => inbox.wake())
  const blocks = new Blocks({
    system,
    logger: options.logger,
    enqueue: callback => inbox.enqueue(callback),
    taskOf: task => ownership.held.get(task)?.task,
  })
  const context = contextOf(options, hooks, { meter, gate, pace, tables, inbox, blocks })
  const group = groupOf(plan, context, hooks, () => ownership)
  const membership = () => group.membership
  const { sessionTimeoutMs } = limits
  const confirmation = new Confirmation({ system, sessionTimeoutMs, membership, committer })
  const factory = factoryOf(options, context, committer, () => ownership)
  const ownership: Ownership = new Ownership({
    pod: context,
    producer: `${plan.application}-${name}`,
    statePlaces: statePlacesOf(plan),
    writePlaces: writePlacesOf(plan),
    membership,
    confirmation,
    committer,
    makeTask: task => factory.make(task),
    openTail: tail => new StateTail(tail),
  })
  const turns = new Turns(system, ownership, committer, pace)
  const watch = new TopicWatch(plan, context)
  const onTorn = (error: unknown) => ownership.isSettled && hooks.producerLost(error)
  const upkeep = new Upkeep({ plan, name, pod: context, tasks: hooks.tasks, membership, onTorn })
  const services = { context, inbox, meter, committer, tables, gate }
  return { ...services, group, confirmation, factory, ownership, turns, watch, upkeep, blocks }
}

function committerOf(
  { system, interceptor }: PodOptions,
  { producerLost }: PodHooks,
  { meter, inbox, pace }: Pick<Made, 'meter' | 'inbox' | 'pace'>,
  ownership: () => Ownership,
): Committer {
  return new Committer({
    system,
    incarnation: meter.pod,
    meter,
    pace,
    interceptor,
    enqueue: callback => inbox.enqueue(callback),
    claimsOf: task => ownership().claimsOf(task),
    onProducerLost: producerLost,
  })
}

function factoryOf(
  { plan, stores }: PodOptions,
  pod: PodContext,
  committer: Committer,
  ownership: () => Ownership,
): TaskFactory {
  return new TaskFactory({
    plan,
    pod,
    stores,
    onChanged: () => pod.wake(),
    onStaged: (task, bytes) => committer.staged(task, bytes),
    onStuck: (task, error) => pod.enqueue(() => ownership().stuck(task.name, error)),
  })
}

function tablesOf({ plan, log, system, limits, logger }: PodOptions, { fail }: PodHooks): PodTables {
  return new PodTables(plan, log, system, limits, logger, fail)
}

function groupOf(plan: Plan, pod: PodContext, hooks: PodHooks, ownership: () => Ownership): Group {
  return new Group({
    plan,
    pod,
    owned: () =>
      hooks
        .tasks()
        .filter(({ phase }) => phase === 'running')
        .map(({ id }) => id),
    isDraining: hooks.isStopping,
    onJoined: hooks.joined,
    onLost: reason => ownership().lost(reason),
  })
}

interface Made {
  readonly meter: Meter
  readonly gate: Gate
  readonly pace: AnswerPace
  readonly tables: PodTables
  readonly inbox: Inbox
  readonly blocks: Blocks
}

function contextOf(
  options: PodOptions,
  { release, fail }: PodHooks,
  { meter, gate, pace, tables, inbox, blocks }: Made,
): PodContext {
  const { plan, log, system, limits, logger } = options
  const outlets = new Outlets(plan, log.recordBytesMax)
  const enqueue = (callback: () => void) => inbox.enqueue(callback)
  return {
    application: plan.application,
    incarnation: meter.pod,
    log,
    topics: new PlanTopics(plan, log, options),
    system,
    limits,
    logger,
    meter,
    interceptor: options.interceptor,
    outlets,
    deadLetters: outlets.of(plan.deadLetterTopic),
    gate,
    pace,
    tables,
    enqueue,
    wake: () => inbox.wake(),
    release,
    block: (task, error) => blocks.block(task, error),
    fail,
  }
}
