/**
 * What keeps a topology under test from being at rest, and where. At rest means all of these:
 *
 * - Every task runs in one living pod.
 * - Nothing is in progress, due, staged or being committed.
 * - No topic holds a committed record that its readers have not read.
 *
 * Timers and delays of the future count as at rest: only time can wake them.
 */
import { reasonOf } from '#core/errors.ts'
import { partitionKey, taskKey } from '#core/record.ts'
import type { SimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import type { Pod } from '#engine/pod/pod.ts'
import type { Job } from '#engine/record/job.ts'
import type { Task } from '#engine/task/task.ts'
import type { TaskWork } from '#engine/task/task-work.ts'
import type { Plan } from '#topology/plan.ts'

/** The reasons one by one, cheap ones first. None if all is at rest. `pods` are the living ones. */
export function* openWork(plan: Plan, pods: readonly Pod[], broker: SimulatedBroker): Generator<string> {
  const owned = new Set<string>()
  for (const pod of pods) {
    for (const task of pod.tasks) {
      if (owned.has(task.name)) yield `task ${task.name} is run by two pods: one of them does not know yet`
      owned.add(task.name)
      yield* openTask(task, pod)
    }
    if (!pod.isCommitted) yield `pod ${pod.incarnation} has effects that wait for a commit`
  }
  for (const { name: stage, partitions } of plan.stages) {
    for (let partition = 0; partition < partitions; partition++) {
      const task = taskKey({ stage, partition })
      if (!owned.has(task)) yield `task ${task} is run by no pod`
    }
  }
  if (!broker.inspect.isStable(plan.application)) yield 'the group is dividing the tasks among its members'
  yield* unread(pods, broker)
  for (const place of broker.inspect.openTransactions()) {
    yield `a transaction is open on ${partitionKey(place)} since offset ${place.firstOffset}`
  }
}

/** Tasks that only a person can resume. */
export function blockedTasks(pods: readonly Pod[]): string[] {
  return pods
    .flatMap(pod => pod.tasks.filter(({ phase }) => phase === 'blocked'))
    .map(({ name, blockedBy }) => `task ${name} is blocked: ${reasonOf(blockedBy)}`)
}

function* openTask(task: Task, pod: Pod): Generator<string> {
  const { name, phase, work, program } = task
  if (phase !== 'running' || !work) {
    yield `task ${name} is ${phase}`
    return
  }
  for (const { job, operator } of work.inProgress()) yield progressOf(name, job, operator)
  if (work.parked > 0) yield `task ${name} has ${work.parked} records waiting in their lanes`
  if (isDue(work, pod)) yield `task ${name} has a timer or a delayed record that is due`
  if (program.tiers.length > 0) return
  for (const { topic, partition, buffered } of task.intakes) {
    if (buffered > 0) yield `task ${name} has ${buffered} records of ${topic}/${partition} not yet started`
  }
}

function progressOf(task: string, job: Job, node: string | undefined): string {
  const where = node === undefined ? 'waits for its next attempt' : `is at operator ${node}`
  // The place of a timer names its key already.
  const key = job.key === null || job.place.endsWith(job.key) ? '' : ` of key ${job.key}`
  return `task ${task}: ${job.place}${key} ${where}, attempt ${job.attempt}, id ${job.id}`
}

function isDue(work: TaskWork, pod: Pod): boolean {
  return (work.nextDue() ?? Number.POSITIVE_INFINITY) <= pod.context.system.now()
}

function* unread(pods: readonly Pod[], { inspect }: SimulatedBroker): Generator<string> {
  for (const pod of pods) {
    for (const { topic, partition, position } of pod.tasks.flatMap(({ intakes }) => intakes)) {
      const { end } = inspect.bounds({ topic, partition })
      if (end > position) yield `${topic}/${partition} has records from offset ${position} that are not read`
    }
    for (const { offset, ...place } of pod.tablePositions) {
      const { end } = inspect.bounds(place)
      if (end > offset)
        yield `table ${partitionKey(place)} has records from offset ${offset} that are not read`
    }
  }
}
