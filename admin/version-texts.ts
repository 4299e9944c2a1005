/**
 * What a prompt version asked with, as far as it can still be known. A version is a declaration (`1`), or one under a change
 * (`1+7.3fa9c1d2`; `1+7` in answers of earlier releases). The declaration is that of this program. The change stands in `llm.config`, whose older records compaction removes.
 */
import { isNamed } from '#answers/change-name.ts'
import { settingsOf, type TaskSettings, type TaskType, type TaskTypes } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import type { TaskConfig } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import { asText } from '#core/codec.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import type { Plan } from '#topology/plan.ts'

export interface VersionTextsOptions {
  readonly log: Log
  readonly plan: Plan
  readonly taskTypes: TaskTypes
}

/**
 * Why nobody can say what a version asked with:
 *
 * - `no_task_type`: this program does not know the task type;
 * - `other_declaration`: another release declared the version;
 * - `removed`: the topic does not have the change any more;
 * - `unreadable`: the change cannot be read, or has faults and never held;
 * - `ambiguous`: it is of an earlier release, and several changes had its number.
 */
export type Unknown = 'no_task_type' | 'other_declaration' | 'removed' | 'unreadable' | 'ambiguous'

/** Settings of which a pipeline has defaults of its own are absent where neither declaration nor change says them. */
export type VersionText = Readonly<Record<string, string | number>>

/** Defaults are settings of the pipeline, which no version tells. */
export const NO_DEFAULTS = { threshold: Number.NaN, attemptsMax: Number.NaN }

export class VersionTexts {
  readonly #options: VersionTextsOptions
  readonly #values: Values

  constructor(options: VersionTextsOptions) {
    this.#options = options
    this.#values = new Values(options.plan)
  }

  /** Of each version, in the order given. Reads the topic whole, which has few records. */
  async of(taskType: string, versions: readonly string[]): Promise<readonly (VersionText | Unknown)[]> {
    const changes = await this.#changesOf(taskType)
    return versions.map(version => this.#textOf(taskType, version, changes))
  }

  /** The version that is live, as the topic says it; nothing where its last change cannot be read. */
  async live(taskType: string): Promise<string | undefined> {
    return this.#liveOf(taskType, await this.#changesOf(taskType))
  }

  /** What makes a version live again, beside the one that is. */
  async changeFor(
    taskType: string,
    version: string,
  ): Promise<{ readonly live: string | undefined; readonly found: Found | Unknown }> {
    const changes = await this.#changesOf(taskType)
    return { live: this.#liveOf(taskType, changes), found: this.#found(taskType, version, changes) }
  }

  #textOf(taskType: string, version: string, changes: readonly Change[]): VersionText | Unknown {
    const found = this.#found(taskType, version, changes)
    return typeof found === 'string'
      ? found
      : textIn(settingsOf(found.type, NO_DEFAULTS, found.config).settings)
  }

  #found(taskType: string, version: string, changes: readonly Change[]): Found | Unknown {
    const type = this.#typeOf(taskType)
    if (!type) return 'no_task_type'
    const [declared, name] = version.split('+')
    if (declared !== String(type.version)) return 'other_declaration'
    if (name === undefined) return { type, config: undefined }
    const found = changes.filter(({ config }) => config && isNamed(name, config))
    const [change] = found
    if (!change?.config) return changes.some(({ isUnreadable }) => isUnreadable) ? 'unreadable' : 'removed'
    if (new Set(found.map(({ text }) => text)).size > 1) return 'ambiguous'
    const { faults } = settingsOf(type, NO_DEFAULTS, change.config)
    return faults.length > 0 ? 'unreadable' : { type, config: change.config }
  }

  #liveOf(taskType: string, changes: readonly Change[]): string | undefined {
    const [type, last] = [this.#typeOf(taskType), changes.at(-1)]
    return type && !last?.isUnreadable
      ? settingsOf(type, NO_DEFAULTS, last?.config).settings.promptVersion
      : undefined
  }

  #typeOf(taskType: string): TaskType | undefined {
    const { taskTypes } = this.#options
    return Object.hasOwn(taskTypes, taskType) ? taskTypes[taskType] : undefined
  }

  async #changesOf(taskType: string): Promise<readonly Change[]> {
    const changes: Change[] = []
    await readAll(this.#options.log, TOPICS.config, async ({ key, value }) => {
      if (key && asText(key) === taskType) changes.push(value ? await this.#read(value) : TAKEN_BACK)
    })
    return changes
  }

  async #read(value: Uint8Array): Promise<Change> {
    try {
      const config = await this.#values.read(TOPICS.config, value)
      return { text: JSON.stringify(config), config, isUnreadable: false }
    } catch {
      return { text: '', config: undefined, isUnreadable: true } // The pods do without it too.
    }
  }
}

/** A declaration, and the change that it is under. */
interface Found {
  readonly type: TaskType
  readonly config: TaskConfig | undefined
}

interface Change {
  readonly text: string
  /** Nothing where it was taken back, or cannot be read. */
  readonly config: TaskConfig | undefined
  readonly isUnreadable: boolean
}

const TAKEN_BACK: Change = { text: '', config: undefined, isUnreadable: false }

function textIn(settings: TaskSettings): VersionText {
  const { prompt, weights, threshold, attemptsMax } = settings
  return {
    system: prompt.system,
    user: prompt.user,
    ...(settings.model !== undefined && { model: settings.model }),
    temperature: settings.temperature,
    tokens_max: settings.tokensMax,
    weights: Object.entries(weights)
      .map(([criterion, weight]) => `${criterion} ${weight}`)
      .join(', '),
    ...(!Number.isNaN(threshold) && { threshold }),
    ...(!Number.isNaN(attemptsMax) && { attempts_max: attemptsMax }),
    cost_limit_usd: settings.costLimitUsd,
  }
}
