/**
 * Trials: recorded questions run with other settings, and compared with what was recorded. One trial runs at a time, a few
 * questions side by side. The cache keeps what came of it, so that the next gateway shows it too.
 *
 *   running ──► done       every question was tried
 *      └──────► stopped    by the ceiling, a brake, a person, or the end of its gateway
 *
 * A gateway that runs a trial says so every few seconds. A trial of which nobody says so is shown as stopped, and never
 * begun again: what it bought is paid for.
 */
import type { Brake } from '#answers/brakes.ts'
import { costUsd, type PriceTable, sumUsd } from '#answers/prices.ts'
import type { TaskDefaults, TaskTypes } from '#answers/task-type.ts'
import { settingsOf } from '#answers/task-type.ts'
import type { TaskConfig } from '#answers/types.ts'
import { type System, sleep } from '#core/system.ts'
import type { Model } from '#models/model.ts'
import { generate } from '#operators/generate.ts'
import { score } from '#operators/score.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import { type Cache, TTL_MAX_MS } from '#stores/cache.ts'
import type { Organization } from '#stores/organization.ts'
import { type StoppedBy, TrialPurse } from './trial-purse.ts'
import { type TrialSetting, type Tried, tryQuestion } from './trial-question.ts'

export interface TrialsOptions {
  readonly model: Model
  /** The pipeline's model judges when left out. */
  readonly judge?: 'computed' | undefined
  readonly judgeTokensMax?: number | undefined
  readonly taskTypes: TaskTypes
  readonly defaults: TaskDefaults
  readonly prices?: PriceTable | undefined
  /** Questions that are tried side by side. */
  readonly inFlightMax: number
  readonly cache: Cache
  readonly system: System
  readonly brakes: () => readonly Brake[]
  /** A text that nobody can guess. */
  readonly id: () => string
}

/** What is tried. */
export interface TrialOrder {
  readonly organization: Organization
  readonly questions: readonly StoredAnswer[]
  /** As a change of its task type. */
  readonly config: TaskConfig
  readonly asksAgain: boolean
  /** In US dollars; null: the caller wants none. */
  readonly ceilingUsd: number | null
  /** Writes down who begins it; the first call waits for it. */
  readonly written: (id: string) => Promise<void>
}

/** A trial as it is kept. */
export interface Trial {
  readonly id: string
  readonly state: 'running' | 'done' | 'stopped'
  readonly stopped_by?: StoppedBy | undefined
  readonly of: number
  readonly done: number
  /** Of these there is no pair: the call failed, or brought nothing of use. */
  readonly failed: number
  /** Pairs that are kept. */
  readonly kept: number
  /** Without calls whose price is not known. */
  readonly spent_usd: number
  /** When its gateway has last said so, milliseconds since the epoch. */
  readonly beat_at: number
}

export interface TrialPair {
  readonly recorded: StoredAnswer
  readonly tried: Tried
}

const BEAT_MS = 5_000
/** A trial of which nobody has said for so long that it runs does not. */
export const SILENT_MS = 30_000

interface Run {
  readonly organization: Organization
  readonly purse: TrialPurse
  readonly controller: AbortController
  trial: Trial
  stoppedBy: StoppedBy | undefined
  ended: Promise<void>
}

export class Trials implements AsyncDisposable {
  readonly #options: TrialsOptions
  #run: Run | undefined

  constructor(options: TrialsOptions) {
    this.#options = options
  }

  get isBusy(): boolean {
    return this.#run !== undefined
  }

  /** Of the candidate's model, at the recorded tokens of the questions. Nothing where a price is not known. */
  estimateUsd({ questions, config, asksAgain }: Pick<TrialOrder, 'questions' | 'config' | 'asksAgain'>) {
    if (!asksAgain) return 0
    const { prices } = this.#options
    const model = this.settings(config)?.model
    return questions.reduce<number | undefined>(
      (sum, { model: recorded, tokensPrompt, tokensCompletion }) => {
        const usage = { promptTokens: tokensPrompt, completionTokens: tokensCompletion }
        return sumUsd(sum, costUsd(model ?? recorded, usage, prices))
      },
      0,
    )
  }

  /** What a change of a task type comes to here; nothing where there is no such task type. */
  settings(config: TaskConfig) {
    const { taskTypes, defaults } = this.#options
    const type = Object.hasOwn(taskTypes, config.task_type) ? taskTypes[config.task_type] : undefined
    return type && settingsOf(type, defaults, config).settings
  }

  /** Resolves once the trial is kept, and runs on. Nothing where another one runs. */
  async start(order: TrialOrder): Promise<Trial | undefined> {
    const settings = this.settings(order.config)
    if (this.#run || !settings) return undefined
    const run = this.#newRun(order)
    this.#run = run
    try {
      await order.written(run.trial.id)
      await this.#keep(run)
    } catch (error) {
      this.#run = undefined
      throw error
    }
    run.ended = this.#tryAll(run, order.questions, this.#settingOf(run, order, settings))
    return run.trial
  }

  #newRun({ organization, questions, ceilingUsd }: TrialOrder): Run {
    const { id, system, prices } = this.#options
    const counts = { of: questions.length, done: 0, failed: 0, kept: 0, spent_usd: 0 }
    return {
      organization,
      purse: new TrialPurse(ceilingUsd, prices),
      controller: new AbortController(),
      trial: { id: id(), state: 'running', ...counts, beat_at: system.now() },
      stoppedBy: undefined,
      ended: Promise.resolve(),
    }
  }

  /** Rejects while the cache is away. */
  async get(organization: Organization, id: string): Promise<Trial | undefined> {
    const run = this.#run
    if (run?.trial.id === id && run.organization === organization) return run.trial
    const text = await this.#options.cache.get(organization, `trial:${id}`)
    if (text === undefined) return undefined
    const trial: Trial = JSON.parse(text)
    const isSilent = this.#options.system.now() - trial.beat_at > SILENT_MS
    return trial.state === 'running' && isSilent
      ? { ...trial, state: 'stopped', stopped_by: 'gateway_ended' }
      : trial
  }

  /** The worst change first. */
  async pairs(organization: Organization, { id, kept }: Trial): Promise<readonly TrialPair[]> {
    const texts = await Promise.all(
      Array.from({ length: kept }, (_, n) => this.#options.cache.get(organization, pairKey(id, n))),
    )
    const pairs = texts.flatMap((text): readonly TrialPair[] =>
      text === undefined ? [] : [JSON.parse(text)],
    )
    return pairs.sort((one, other) => changeOf(one) - changeOf(other))
  }

  /** Begins no further call, and breaks off those in flight. False where no such trial runs here. */
  async stop(organization: Organization, id: string): Promise<boolean> {
    const run = this.#run
    if (run?.trial.id !== id || run.organization !== organization) return false
    await this.#end(run, 'person')
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#run) await this.#end(this.#run, 'gateway_ended')
  }

  async #end(run: Run, why: StoppedBy): Promise<void> {
    run.stoppedBy ??= why
    run.controller.abort()
    await run.ended
  }

  #settingOf(run: Run, { config, asksAgain }: TrialOrder, settings: TrialSetting['settings']): TrialSetting {
    const { judge, judgeTokensMax, taskTypes, defaults, prices, inFlightMax, system, brakes } = this.#options
    const model = run.purse.before(this.#options.model)
    const parts = { taskTypes, defaults, prices, limits: { inFlightMax } }
    return {
      generate: generate({ ...parts, model }),
      score: score({ ...parts, judge: judge ?? model, judgeTokensMax }),
      ...{ config, settings, asksAgain, now: system.now(), signal: run.controller.signal, id: run.trial.id },
      brakes: { get: scope => brakes().find(each => each.scope === scope) },
    }
  }

  async #tryAll(run: Run, questions: readonly StoredAnswer[], setting: TrialSetting): Promise<void> {
    const waiting = [...questions]
    const beats = new AbortController()
    const beating = this.#beat(run, beats.signal)
    const worker = async () => {
      for (let next = waiting.shift(); next && !this.#stopOf(run); next = waiting.shift())
        await this.#tryOne(run, next, setting)
    }
    try {
      await Promise.all(Array.from({ length: this.#options.inFlightMax }, worker))
    } finally {
      beats.abort()
      await beating
      const stopped_by = run.trial.done < run.trial.of ? this.#stopOf(run) : undefined
      const ended: Trial = { ...run.trial, state: stopped_by ? 'stopped' : 'done', stopped_by }
      await this.#keep(run, ended).catch(() => undefined) // Without its end it is shown as stopped once it is silent.
      this.#run = undefined
    }
  }

  #stopOf = ({ stoppedBy, purse }: Run): StoppedBy | undefined => stoppedBy ?? purse.stoppedBy

  async #tryOne(run: Run, recorded: StoredAnswer, setting: TrialSetting): Promise<void> {
    const outcome = await tryQuestion(recorded, setting).catch((error: unknown) => ({
      fault: String(error),
      isBraked: false,
    }))
    const spent_usd = run.purse.spentUsd
    if ('fault' in outcome) {
      if (outcome.isBraked) run.stoppedBy ??= 'brake'
      // A call that was not begun is no failure of the candidate.
      const isTried = this.#stopOf(run) === undefined
      const { done, failed } = run.trial
      run.trial = isTried
        ? { ...run.trial, spent_usd, done: done + 1, failed: failed + 1 }
        : { ...run.trial, spent_usd }
      return
    }
    const number = run.trial.kept
    run.trial = { ...run.trial, spent_usd, done: run.trial.done + 1, kept: number + 1 }
    const pair: TrialPair = { recorded, tried: outcome }
    const { cache } = this.#options
    const key = pairKey(run.trial.id, number)
    await cache.set(run.organization, key, JSON.stringify(pair), TTL_MAX_MS).catch(() => undefined) // The pair is missing; what was bought is counted all the same.
  }

  async #beat(run: Run, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.system, BEAT_MS, signal).catch(() => undefined)
      if (!signal.aborted) await this.#keep(run).catch(() => undefined) // The next beat says it again.
    }
  }

  async #keep(run: Run, trial: Trial = run.trial): Promise<void> {
    const kept = { ...trial, beat_at: this.#options.system.now() }
    await this.#options.cache.set(run.organization, `trial:${kept.id}`, JSON.stringify(kept), TTL_MAX_MS)
  }
}

const pairKey = (id: string, number: number): string => `trial-pair:${id}-${number}`
const changeOf = ({ recorded, tried }: TrialPair): number => tried.final - recorded.final
