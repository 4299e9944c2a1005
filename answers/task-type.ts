/** A task type: all that makes one kind of question different, as a declaration. Adding one is adding one file. */
import type { JsonSchema } from '#models/model.ts'
import { changeName } from './change-name.ts'
import { isLoose } from './fields.ts'
import { type PromptTemplate, places } from './prompts.ts'
import { CRITERIA, SCORE_MAX, type Weights, weightFaults } from './rubric.ts'
import type { TaskConfig } from './types.ts'

/** A structured answer, after its schema was checked. */
export type Structured = { readonly [field: string]: unknown }

/** The declaration of one task type. */
export interface TaskType {
  readonly name: string
  /** Raised with every change of the declaration; recorded in each answer. */
  readonly version: number
  /** Places: `{{title}}`, `{{content}}`, `{{text}}` (both), `{{feedback}}`, `{{previous}}`; see answers/prompts.ts. */
  readonly prompt: PromptTemplate
  /** The provider's default when left out. */
  readonly model?: string
  readonly temperature: number
  readonly tokensMax: number
  /** For answers that are JSON. */
  readonly answer?: {
    readonly name: string
    readonly schema: JsonSchema
    /** The answer in words, for people and for the judge. */
    readonly inWords: (answer: Structured) => string
    /** Something to be done about the text: it goes to `llm.actions`. */
    readonly action?: (answer: Structured) => TaskAction | undefined
  }
  readonly weights: Weights
  /** Score from which an answer is delivered; the pipeline's when left out. */
  readonly threshold?: number
  /** Answers tried and errors endured, each; the pipeline's when left out. */
  readonly attemptsMax?: number
  /** No further attempt is made for a record that has cost this much. */
  readonly costLimitUsd: number
  readonly judge: 'model' | 'computed'
  /** How long the cache keeps its answers; the pipeline's time when left out. */
  readonly cacheTtlMs?: number
}

/** What is to be done about a text, for the topic `llm.actions`. */
export interface TaskAction {
  readonly action: string
  readonly reason: string
  readonly details: Readonly<Record<string, string>>
}

/** What the pipeline falls back to for task types that leave it out. */
export interface TaskDefaults {
  readonly threshold: number
  readonly attemptsMax: number
}

/** A task type as it holds for one record: declaration, defaults and what was changed at run time. */
export interface TaskSettings extends TaskType {
  readonly threshold: number
  readonly attemptsMax: number
  /** `3` as declared, `3+7.3fa9c1d2` with change number 7, whose text has this digest. */
  readonly promptVersion: string
}

/** Task types by their names. */
export type TaskTypes = Readonly<Record<string, TaskType>>

/** The settings of a task type. A change that has faults is left out whole, so that it can stop nothing; `faults` says so. */
export function settingsOf(
  type: TaskType,
  defaults: TaskDefaults,
  config?: TaskConfig,
): { readonly settings: TaskSettings; readonly faults: readonly string[] } {
  const faults = config === undefined ? [] : configFaults(config)
  const change = faults.length > 0 ? undefined : config
  return {
    faults,
    settings: {
      ...type,
      prompt: { system: change?.system ?? type.prompt.system, user: change?.user ?? type.prompt.user },
      ...modelOf(change?.model ?? type.model),
      temperature: change?.temperature ?? type.temperature,
      tokensMax: change?.tokens_max ?? type.tokensMax,
      weights: change?.weights ? weightsOf(change.weights) : type.weights,
      threshold: change?.threshold ?? type.threshold ?? defaults.threshold,
      attemptsMax: change?.attempts_max ?? type.attemptsMax ?? defaults.attemptsMax,
      costLimitUsd: change?.cost_limit_usd ?? type.costLimitUsd,
      promptVersion: change ? `${type.version}+${changeName(change)}` : String(type.version),
    },
  }
}

const PLACES = new Set(['title', 'content', 'text', 'feedback', 'previous'])

/** Every fault of a change of `llm.config`. */
export function configFaults(config: unknown): readonly string[] {
  if (!isLoose(config)) return ['it must be an object']
  const faults: string[] = []
  const number = (name: string, low: number, high: number, whole: boolean) => {
    const found = config[name]
    if (found === undefined || found === null) return
    const fits = typeof found === 'number' && found >= low && found <= high
    if (!fits || (whole && !Number.isInteger(found)))
      faults.push(`${name} must be a ${whole ? 'whole ' : ''}number from ${low} to ${high}`)
  }
  if (typeof config.version !== 'number') faults.push('version must be a number')
  number('temperature', 0, 2, false)
  number('tokens_max', 1, 1_000_000, true)
  number('threshold', 0, SCORE_MAX, false)
  number('attempts_max', 1, 100, true)
  number('cost_limit_usd', 0, 1_000_000, false)
  for (const name of ['system', 'user', 'model']) {
    const found = config[name]
    if (found !== undefined && found !== null && typeof found !== 'string')
      faults.push(`${name} must be text`)
    else if (typeof found === 'string' && name !== 'model') faults.push(...placeFaults(name, found))
  }
  if (config.weights !== undefined && config.weights !== null)
    faults.push(...(isLoose(config.weights) ? weightFaults(config.weights) : ['weights must be an object']))
  return faults
}

function placeFaults(name: string, template: string): readonly string[] {
  return places(template)
    .filter(place => !PLACES.has(place))
    .map(place => `${name} has an unknown place {{${place}}}`)
}

function weightsOf(weights: Readonly<Record<string, number>>): Weights {
  const entries = CRITERIA.map(criterion => [criterion, weights[criterion] ?? 0])
  return Object.fromEntries(entries) as Weights // Made from every criterion.
}

const modelOf = (model: string | undefined) => (model === undefined ? {} : { model })
