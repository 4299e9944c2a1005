/** Which version of a prompt is live, and another one that is known made live, written down with who did it and why. */
import { Values } from '#answers/values.ts'
import type { System } from '#core/system.ts'
import type { Plan } from '#topology/plan.ts'
import type { Actor } from './audit.ts'
import { changeTaskType, resetTaskType } from './task-configs.ts'
import { type Unknown, VersionTexts, type VersionTextsOptions } from './version-texts.ts'

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
    const { log, plan, system, writable, taskTypes } = this.#options
    const { live, found } = await this.texts.changeFor(taskType, version)
    if (live !== insteadOf) return { why: 'changed', live }
    if (typeof found === 'string') return { why: found, live }
    const values = new Values((await writable?.()) ?? plan)
    const reasoned = { actor, why, details: { version, instead_of: insteadOf } }
    const options = { log, values, system, reasoned }
    const declared = String(taskTypes[taskType]?.version)
    if (found.config === undefined) {
      await resetTaskType(options, taskType)
      return declared
    }
    const { version: _, ...change } = found.config
    const written = await changeTaskType(options, taskType, change)
    return `${declared}+${written.version}`
  }
}
