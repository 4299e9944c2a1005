/** Which version of its prompt each task type has now, changes at run time included: for a program that is no pod. */
import { settingsOf, type TaskTypes } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import type { TaskConfig } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import { asText } from '#core/codec.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'

export interface PromptVersionsOptions {
  readonly log: Log
  readonly plan: Plan
  readonly taskTypes: TaskTypes
  readonly system: System
}

/** Thresholds and attempts change no prompt. */
const DEFAULTS = { threshold: 0, attemptsMax: 1 }

export class PromptVersions implements Disposable {
  readonly #options: PromptVersionsOptions
  readonly #values: Values
  readonly #changes = new Map<string, TaskConfig | 'unreadable'>()
  #following: Following | undefined

  constructor(options: PromptVersionsOptions) {
    this.#options = options
    this.#values = new Values(options.plan)
  }

  /** Resolves when the changes are known that the topic holds. */
  async start(): Promise<void> {
    const { log, system } = this.#options
    this.#following = await follow(log, {
      ...{ topic: TOPICS.config, from: 'start', system },
      onRecord: async ({ key, value }) => {
        const taskType = key ? asText(key) : ''
        if (value) this.#changes.set(taskType, await this.#read(value))
        else this.#changes.delete(taskType)
      },
    })
    await this.#following.caughtUp()
  }

  /** Nothing where it is not known: for no task type of the pipeline, and under a change that cannot be read. */
  of(taskType: string): string | undefined {
    const { taskTypes } = this.#options
    const type = Object.hasOwn(taskTypes, taskType) ? taskTypes[taskType] : undefined
    const change = this.#changes.get(taskType)
    return type && change !== 'unreadable'
      ? settingsOf(type, DEFAULTS, change).settings.promptVersion
      : undefined
  }

  [Symbol.dispose](): void {
    this.#following?.close()
  }

  async #read(value: Uint8Array): Promise<TaskConfig | 'unreadable'> {
    try {
      return await this.#values.read(TOPICS.config, value)
    } catch {
      return 'unreadable' // Questions of the task type are then asked, as without an index.
    }
  }
}
