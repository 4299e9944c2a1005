/** What attempts cost, as it is kept in the record: durable, and counted once. */
import type { ModelReply } from '#models/model.ts'
import { costUsd, type PriceTable, sumUsd } from './prices.ts'
import type { Spent } from './types.ts'

/** What a record has cost after one more reply. The sum is unknown once the price of one call is not known. */
export function spend(
  spent: Spent,
  { model, usage }: Pick<ModelReply, 'model' | 'usage'>,
  prices?: PriceTable,
): Spent {
  return {
    calls: spent.calls + 1,
    tokens_prompt: spent.tokens_prompt + usage.promptTokens,
    tokens_completion: spent.tokens_completion + usage.completionTokens,
    ...((spent.tokens_estimated || usage.isEstimate) && { tokens_estimated: true }),
    cost_usd: sumUsd(spent.cost_usd, costUsd(model, usage, prices)),
  }
}

/** A cost that is not known reaches no limit; the log says so once for each model. */
export function isWithin({ cost_usd }: Spent, limitUsd: number): boolean {
  return cost_usd === undefined || cost_usd < limitUsd
}
