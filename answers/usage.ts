/** Tokens and cost per task type, model and organisation, counted where the calls are made. */
import { publish } from '#core/diagnostics.ts'
import type { Model, ModelReply, UsageLabels } from '#models/model.ts'
import { costUsd, PRICES, type PriceTable, sumUsd } from './prices.ts'

/** Calls, tokens and US dollars of one task type, model and organisation. */
export interface UsageRow {
  readonly taskType: string
  readonly model: string
  readonly organization: string
  readonly calls: number
  readonly promptTokens: number
  readonly completionTokens: number
  /** `undefined` where the price of the model is not known. */
  readonly costUsd: number | undefined
}

/** Rows kept apart; more organisations than that share the row `other`. */
const ROWS_MAX = 10_000
/** Names of models that are remembered as unpriced. */
const UNPRICED_MAX = 100

/**
 * Running totals since the start of this process, for metrics. What a record cost is in the record
 * itself, durable; these figures are not.
 */
export class UsageLedger {
  readonly #prices: PriceTable
  readonly #onUnpriced: (model: string) => void
  readonly #unpriced = new Set<string>()
  readonly #rows = new Map<string, UsageRow>()

  /** `onUnpriced` is called once for each model whose price is not known. */
  constructor(prices: PriceTable = PRICES, onUnpriced: (model: string) => void = () => {}) {
    this.#prices = prices
    this.#onUnpriced = onUnpriced
  }

  add(labels: UsageLabels | undefined, reply: Pick<ModelReply, 'model' | 'usage'>): void {
    const taskType = labels?.taskType ?? 'none'
    const asked = labels?.organization ?? 'none'
    const known = this.#rows.size < ROWS_MAX || this.#rows.has(key(taskType, reply.model, asked))
    const organization = known ? asked : 'other'
    const name = key(taskType, reply.model, organization)
    const cost = costUsd(reply.model, reply.usage, this.#prices)
    if (cost === undefined) this.#tellUnpriced(reply.model)
    publish('caudal:model:bought', {
      taskType,
      model: reply.model,
      organization,
      promptTokens: reply.usage.promptTokens,
      completionTokens: reply.usage.completionTokens,
      costUsd: cost,
    })
    const row = this.#rows.get(name)
    this.#rows.set(name, {
      taskType,
      model: reply.model,
      organization,
      calls: (row?.calls ?? 0) + 1,
      promptTokens: (row?.promptTokens ?? 0) + reply.usage.promptTokens,
      completionTokens: (row?.completionTokens ?? 0) + reply.usage.completionTokens,
      costUsd: sumUsd(row ? row.costUsd : 0, cost),
    })
  }

  #tellUnpriced(model: string): void {
    if (this.#unpriced.has(model) || this.#unpriced.size >= UNPRICED_MAX) return
    this.#unpriced.add(model)
    this.#onUnpriced(model)
  }

  rows(): readonly UsageRow[] {
    return [...this.#rows.values()]
  }
}

/** A model whose answers are counted. */
export function metered(model: Model, ledger: UsageLedger): Model {
  return {
    async complete(request, call) {
      const reply = await model.complete(request, call)
      ledger.add(request.labels, reply)
      return reply
    },
  }
}

const key = (...parts: readonly string[]) => parts.join('\u0000')
