/** Which version of a prompt is live, and another one that is known made live, written down with who did it and why. */
import { settingsOf } from '#answers/task-type.ts'
import type { TaskConfig } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import type { System } from '#core/system.ts'
import type { Plan } from '#topology/plan.ts'
import type { Actor } from './audit.ts'
import { type ChangeOptions, changeTaskType, resetTaskType } from './task-configs.ts'
import { NO_DEFAULTS, type Unknown, VersionTexts, type VersionTextsOptions } from './version-texts.ts'

export interface VersionDeskOptions extends VersionTextsOptions {
  readonly system: System
  /** The plan with codecs that write; the plan itself when left out. */
  readonly writable?: () => Promise<Plan>
}

export interface Promotion {
  readonly taskType: string
  /** Whose prompts and settings are to be live. */
  readonly version: string
  /** What is live as far as who asks has seen. */
  readonly insteadOf: string
  readonly why: string
  readonly actor: Actor
}

/** Who changes a task type, and why. */
export interface ChangeOrder {
  readonly taskType: string
  readonly why: string
  readonly actor: Actor
}

/** Nothing was written: nobody knows what the version asks with, or another one is live meanwhile. */
export interface NotPromoted {
  readonly why: Unknown | 'changed'
  readonly live: string | undefined
}

/**
 * The topic has no comparison with what was there before. Of two people who write at one moment the last one stands, and
 * `llm.audit` has both.
 */
export class VersionDesk {
  readonly texts: VersionTexts
  readonly #options: VersionDeskOptions

  constructor(options: VersionDeskOptions) {
    this.#options = options
    this.texts = new VersionTexts(options)
  }

  /** Resolves with the version that answers have from now on. The declared one is live by taking the change back. */
  async promote({ taskType, version, insteadOf, why, actor }: Promotion): Promise<string | NotPromoted> {
    const { live, found } = await this.texts.changeFor(taskType, version)
    if (live !== insteadOf) return { why: 'changed', live }
    if (typeof found === 'string') return { why: found, live }
    const details = () => ({ version, instead_of: insteadOf })
    const options = { ...(await this.#writing()), reasoned: { actor, why, details } }
    if (found.config === undefined) {
      await resetTaskType(options, taskType)
      return this.#nameOf(taskType, undefined)
    }
    const { version: _, ...change } = found.config
    return this.#nameOf(taskType, await changeTaskType(options, taskType, change))
  }

  /** Changes a task type as it is declared here. Rejects as `changeTaskType` does. */
  async change(order: ChangeOrder, declared: unknown): Promise<TaskConfig> {
    return await changeTaskType(await this.#reasoned(order), order.taskType, declared)
  }

  /** Makes a task type as declared again. If it was not changed, returns false and writes nothing. */
  async reset(order: ChangeOrder): Promise<boolean> {
    return await resetTaskType(await this.#reasoned(order), order.taskType)
  }

  async #reasoned({ taskType, why, actor }: ChangeOrder): Promise<ChangeOptions> {
    const insteadOf = await this.texts.live(taskType)
    const details = (written: TaskConfig | undefined) => ({
      version: this.#nameOf(taskType, written),
      instead_of: insteadOf,
    })
    return { ...(await this.#writing()), reasoned: { actor, why, details } }
  }

  async #writing(): Promise<Omit<ChangeOptions, 'reasoned'>> {
    const { log, plan, system, writable } = this.#options
    return { log, system, values: new Values((await writable?.()) ?? plan) }
  }

  #nameOf(taskType: string, config: TaskConfig | undefined): string {
    const type = this.#options.taskTypes[taskType]
    return type ? settingsOf(type, NO_DEFAULTS, config).settings.promptVersion : ''
  }
}
