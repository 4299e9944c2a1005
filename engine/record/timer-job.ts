/** The job of one timer that has fired. Its effects include the deletion of the timer, so the timer fires exactly once. */

import type { Timer } from '#core/context.ts'
import { CaudalError } from '#core/errors.ts'
import { isPending } from '#core/pending.ts'
import { type LogRecord, NO_HEADERS, type TopicPartition } from '#core/record.ts'
import { decodeDue } from '#engine/state/frame.ts'
import { timerEntry } from '#engine/state/layout.ts'
import { Delivery } from './delivery.ts'
import { timerId } from './identity.ts'
import { attemptBefore, type Job, type JobRun, type QueuedTimer, type StateWrite } from './job.ts'
import { NodeContext } from './node-context.ts'
import type { ProgramNode } from './stage-program.ts'

export class TimerJob implements Job {
  readonly key: string
  readonly id: string
  readonly entry: string
  readonly timer: Timer
  steps: Set<string> | undefined
  attempt = 0
  finished = false
  readonly #task: string
  readonly #node: ProgramNode

  constructor(task: string, node: ProgramNode, name: string, key: string, due: number) {
    this.#task = task
    this.#node = node
    this.key = key
    this.timer = { name, key, due }
    this.entry = timerEntry(node.name, name, key)
    this.id = timerId(task, node.name, key, name, due)
  }

  get place(): string {
    return `timer ${this.timer.name} of key ${this.key}`
  }

  get fired(): { readonly entry: string; readonly timer: QueuedTimer } {
    const { entry, key } = this
    const { name, due } = this.timer
    return { entry, timer: [this.#node.name, name, key, due] }
  }

  /** False once the timer was moved or cancelled while its firing waited in the lane. */
  isDue(state: { get(entry: string): Uint8Array | undefined }): boolean {
    const due = state.get(this.entry)
    return due !== undefined && decodeDue(due) === this.timer.due
  }

  again(): TimerJob {
    const { name, key, due } = this.timer
    return Object.assign(new TimerJob(this.#task, this.#node, name, key ?? '', due), attemptBefore(this))
  }

  /** No source counts a timer. */
  complete(): void {}

  /** The withdrawn effects set the timer again. */
  reopen(): void {}

  givenUp(): readonly StateWrite[] {
    return [[this.entry, null]]
  }

  origin(task: string, now: number): LogRecord & TopicPartition {
    const key = Buffer.from(this.key)
    const record = { key, value: null, headers: NO_HEADERS, offset: -1, timestamp: now }
    return { ...record, topic: `timer of ${task}`, partition: -1 }
  }

  begin(run: JobRun): void | Promise<void> {
    run.node = this.#node
    run.write(this.entry, null)
    const from = {
      key: this.key,
      value: undefined,
      timestamp: this.timer.due,
      headers: NO_HEADERS,
      origin: this,
    }
    const context = new NodeContext(run, new Delivery(this.#node, '', from))
    const { operator } = this.#node
    const fire = () => (operator.kind === 'record' ? operator.onTimer(this.timer, context) : undefined)
    const pending = run.around(this.#node, 'timer', fire)
    if (isPending(pending)) return run.settle(pending, this.#node, context)
    context.close()
  }

  keyMissing(node: string): CaudalError {
    return new CaudalError('INTERNAL', { reason: `timer of ${node} has no key` })
  }
}
