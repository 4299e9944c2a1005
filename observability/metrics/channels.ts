/** Counts what the channels of a process tell: models, answers, failures, the log. */
import { type DiagnosticEvents, type DiagnosticName, subscribe } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import { HISTOGRAM_BOUNDS_MS } from '#core/pod-metrics.ts'
import { ClosedSet, Counts, Distributions, labelValue } from './counts.ts'
import type { Family, Row } from './family.ts'
import { OrganizationCosts } from './organization-costs.ts'
import { ANSWER_ROWS, ENGINE_ROWS, WEBHOOK_ROWS } from './table.ts'

const MODELS_MAX = 40
/** Task types, versions of prompts, requests of the log: few by nature, bounded all the same. */
const NAMES_MAX = 30
/** Machines of endpoints, which callers name. */
const HOSTS_MAX = 50
const CALL_BOUNDS = HISTOGRAM_BOUNDS_MS.filter(bound => bound >= 50).map(bound => bound / 1_000)
const ANSWER_BOUNDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600]
const SCORE_BOUNDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const ATTEMPT_BOUNDS = [1, 2, 3, 4, 6, 10]

export class ChannelCounts {
  readonly #models = new ClosedSet(MODELS_MAX)
  readonly #providers = new ClosedSet(NAMES_MAX)
  readonly #taskTypes = new ClosedSet(NAMES_MAX)
  readonly #versions = new ClosedSet(NAMES_MAX)
  readonly #requests = new ClosedSet(NAMES_MAX)
  readonly #hosts = new ClosedSet(HOSTS_MAX)
  readonly #webhooks = countsOf(WEBHOOK_ROWS.webhooks)
  readonly #organizations = new OrganizationCosts()
  readonly #failures = countsOf(ENGINE_ROWS.failures)
  readonly #logRetries = countsOf(ENGINE_ROWS.logRetries)
  readonly #logRefusals = countsOf(ENGINE_ROWS.logRefusals)
  readonly #logDisconnects = countsOf(ENGINE_ROWS.logDisconnects)
  readonly #leftOut = countsOf(ENGINE_ROWS.leftOut)
  readonly #spansLost = countsOf(ENGINE_ROWS.spansLost)
  readonly #calls = countsOf(ANSWER_ROWS.modelCalls)
  readonly #callTimes = new Distributions(CALL_BOUNDS, ...ANSWER_ROWS.modelTime.labels)
  readonly #firstTexts = new Distributions(CALL_BOUNDS, ...ANSWER_ROWS.firstText.labels)
  readonly #openings = countsOf(ANSWER_ROWS.breakerOpenings)
  readonly #tokens = countsOf(ANSWER_ROWS.tokens)
  readonly #cost = countsOf(ANSWER_ROWS.cost)
  readonly #unpriced = countsOf(ANSWER_ROWS.unpriced)
  readonly #scores = new Distributions(SCORE_BOUNDS, ...ANSWER_ROWS.scores.labels)
  readonly #judged = countsOf(ANSWER_ROWS.judged)
  readonly #retried = countsOf(ANSWER_ROWS.retried)
  readonly #delivered = countsOf(ANSWER_ROWS.delivered)
  readonly #failed = countsOf(ANSWER_ROWS.failed)
  readonly #lostCost = countsOf(ANSWER_ROWS.lostCost)
  readonly #attempts = new Distributions(ATTEMPT_BOUNDS)
  readonly #latencies = new Distributions(ANSWER_BOUNDS, ...ANSWER_ROWS.latency.labels)
  readonly #ends: (() => void)[] = []

  /** Counts from here on. */
  start(): void {
    this.#on('caudal:record:failed', message => this.#recordFailed(message))
    this.#on('caudal:log:retried', ({ request }) => this.#logRetries.add(1, this.#requests.take(request)))
    this.#on('caudal:log:refused', ({ request }) => this.#logRefusals.add(1, this.#requests.take(request)))
    this.#on('caudal:log:disconnected', () => this.#logDisconnects.add(1))
    this.#on('caudal:follow:skipped', ({ topic, what }) => this.#leftOut.add(1, topic, what))
    this.#on('caudal:traces:lost', ({ spans, reason }) => this.#spansLost.add(spans, reason))
    this.#on('caudal:model:call', message => this.#called(message))
    this.#on('caudal:model:bought', message => this.#bought(message))
    this.#on('caudal:model:breaker', message => this.#breaker(message))
    this.#on('caudal:answer:judged', message => this.#judge(message))
    this.#on('caudal:answer:retried', ({ errorType, outcome }) => this.#retried.add(1, errorType, outcome))
    this.#on('caudal:answer:delivered', message => this.#deliver(message))
    this.#on('caudal:answer:failed', message => this.#fail(message))
    this.#on('caudal:webhook:called', ({ host, outcome }) =>
      this.#webhooks.add(1, this.#hosts.take(host), outcome),
    )
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  get engine(): readonly Family[] {
    return [
      familyOf(ENGINE_ROWS.failures, this.#failures),
      familyOf(ENGINE_ROWS.logRetries, this.#logRetries),
      familyOf(ENGINE_ROWS.logRefusals, this.#logRefusals),
      familyOf(ENGINE_ROWS.logDisconnects, this.#logDisconnects),
      familyOf(ENGINE_ROWS.leftOut, this.#leftOut),
      familyOf(ENGINE_ROWS.spansLost, this.#spansLost),
    ]
  }

  get answers(): readonly Family[] {
    return [
      familyOf(ANSWER_ROWS.delivered, this.#delivered),
      familyOf(ANSWER_ROWS.failed, this.#failed),
      familyOf(ANSWER_ROWS.retried, this.#retried),
      familyOf(ANSWER_ROWS.latency, this.#latencies),
      familyOf(ANSWER_ROWS.attempts, this.#attempts),
      familyOf(ANSWER_ROWS.lostCost, this.#lostCost),
      familyOf(ANSWER_ROWS.judged, this.#judged),
      familyOf(ANSWER_ROWS.scores, this.#scores),
      familyOf(ANSWER_ROWS.modelCalls, this.#calls),
      familyOf(ANSWER_ROWS.modelTime, this.#callTimes),
      familyOf(ANSWER_ROWS.firstText, this.#firstTexts),
      familyOf(ANSWER_ROWS.breakerOpenings, this.#openings),
      familyOf(ANSWER_ROWS.tokens, this.#tokens),
      familyOf(ANSWER_ROWS.cost, this.#cost),
      familyOf(ANSWER_ROWS.unpriced, this.#unpriced),
      { row: ANSWER_ROWS.costByOrganization, children: this.#organizations.children },
      familyOf(WEBHOOK_ROWS.webhooks, this.#webhooks),
    ]
  }

  #on<N extends DiagnosticName>(name: N, listener: (message: DiagnosticEvents[N]) => void): void {
    this.#ends.push(subscribe(name, listener))
  }

  #recordFailed({ task, error, action }: DiagnosticEvents['caudal:record:failed']): void {
    const code = error instanceof CaudalError ? error.code : 'none'
    this.#failures.add(1, stageOf(task), code, action)
  }

  #called({
    provider,
    model,
    durationMs,
    firstTextMs,
    errorType,
  }: DiagnosticEvents['caudal:model:call']): void {
    const name = this.#providers.take(providerName(provider))
    this.#calls.add(1, this.#models.take(model ?? 'default'), errorType ?? 'ok')
    this.#callTimes.add(durationMs / 1_000, name)
    if (firstTextMs !== undefined) this.#firstTexts.add(firstTextMs / 1_000, name)
  }

  #bought(bought: DiagnosticEvents['caudal:model:bought']): void {
    const model = this.#models.take(bought.model)
    this.#tokens.add(bought.promptTokens, model, 'prompt')
    this.#tokens.add(bought.completionTokens, model, 'completion')
    if (bought.costUsd === undefined) return this.#unpriced.add(1, model)
    this.#cost.add(bought.costUsd, model, this.#taskTypes.take(bought.taskType))
    this.#organizations.add(bought.organization, bought.costUsd)
  }

  #breaker({ provider, trouble, isOpen }: DiagnosticEvents['caudal:model:breaker']): void {
    if (isOpen) this.#openings.add(1, this.#providers.take(providerName(provider)), trouble)
  }

  #judge({
    taskType,
    promptVersion,
    scores,
    final,
    outcome,
  }: DiagnosticEvents['caudal:answer:judged']): void {
    const type = this.#taskTypes.take(taskType)
    this.#judged.add(1, type, this.#versions.take(promptVersion), outcome)
    for (const [criterion, score] of Object.entries({ ...scores, final }))
      this.#scores.add(score, type, criterion)
  }

  #deliver({
    taskType,
    belowThreshold,
    attempts,
    tookMs,
  }: DiagnosticEvents['caudal:answer:delivered']): void {
    const type = this.#taskTypes.take(taskType)
    this.#delivered.add(1, type, String(belowThreshold))
    this.#attempts.add(attempts)
    // The clock of the sender may be ahead of ours.
    this.#latencies.add(Math.max(0, tookMs) / 1_000, type)
  }

  #fail({ reason, costUsd }: DiagnosticEvents['caudal:answer:failed']): void {
    this.#failed.add(1, reason)
    this.#lostCost.add(costUsd ?? 0)
  }
}

const countsOf = ({ labels }: Row): Counts => new Counts(...labels)
const familyOf = (row: Row, { children }: Pick<Counts, 'children'>): Family => ({ row, children })

/** Tasks are named by their stage and their partition. */
const stageOf = (task: string): string => labelValue(task.replace(/\/\d+$/, ''))

/** The host of an address, which may carry a password; any other name as it is. */
export const providerName = (name: string): string => (URL.canParse(name) ? new URL(name).host : name)
