/** What attempts cost, as it is kept in the record: durable, and counted once. */
import type { ModelReply } from '#models/model.ts'
import { costUsd } from '#models/prices.ts'
import type { Spent } from './types.ts'

export function spend(spent: Spent, { model, usage }: Pick<ModelReply, 'model' | 'usage'>): Spent {
  return {
    calls: spent.calls + 1,
    tokens_prompt: spent.tokens_prompt + usage.promptTokens,
    tokens_completion: spent.tokens_completion + usage.completionTokens,
    cost_usd: spent.cost_usd + costUsd(model, usage),
  }
}
