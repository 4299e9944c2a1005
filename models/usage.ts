/** Tokens and cost per task type, model and organisation, counted where the calls are made. */
import type { Model, ModelReply, UsageLabels } from './model.ts'
import { costUsd, PRICES, type PriceTable } from './prices.ts'

export interface UsageRow {
  readonly taskType: string
  readonly model: string
  readonly organization: string
  readonly calls: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly costUsd: number
}

/** Rows kept apart; more organisations than that share the row `other`. */
const ROWS_MAX = 10_000

/**
 * Running totals since the start of this process, for metrics and the live view. What a record cost is in the record
 * itself, durable; these figures are not.
 */
export class UsageLedger {
  readonly #prices: PriceTable
  readonly #rows = new Map<string, UsageRow>()

  constructor(prices: PriceTable = PRICES) {
    this.#prices = prices
  }

  add(labels: UsageLabels | undefined, reply: Pick<ModelReply, 'model' | 'usage'>): void {
    const taskType = labels?.taskType ?? 'none'
    const asked = labels?.organization ?? 'none'
    const known = this.#rows.size < ROWS_MAX || this.#rows.has(key(taskType, reply.model, asked))
    const organization = known ? asked : 'other'
    const name = key(taskType, reply.model, organization)
    const row = this.#rows.get(name)
    this.#rows.set(name, {
      taskType,
      model: reply.model,
      organization,
      calls: (row?.calls ?? 0) + 1,
      promptTokens: (row?.promptTokens ?? 0) + reply.usage.promptTokens,
      completionTokens: (row?.completionTokens ?? 0) + reply.usage.completionTokens,
      costUsd: (row?.costUsd ?? 0) + costUsd(reply.model, reply.usage, this.#prices),
    })
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
