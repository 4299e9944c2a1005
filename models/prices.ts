/** What models cost, in US dollars for a million tokens: the one place to edit when a price changes. */
import type { Usage } from './model.ts'

export interface Price {
  readonly prompt: number
  readonly completion: number
}
export type PriceTable = Readonly<Record<string, Price>>

/** List prices as published by their providers. The simulated model is priced like a small one, so that its figures mean something. */
export const PRICES: PriceTable = {
  simulated: { prompt: 0.15, completion: 0.6 },
  'gpt-4o': { prompt: 2.5, completion: 10 },
  'gpt-4o-mini': { prompt: 0.15, completion: 0.6 },
  'gpt-4.1': { prompt: 2, completion: 8 },
  'gpt-4.1-mini': { prompt: 0.4, completion: 1.6 },
  'gpt-4.1-nano': { prompt: 0.1, completion: 0.4 },
  'gpt-5': { prompt: 1.25, completion: 10 },
  'gpt-5-mini': { prompt: 0.25, completion: 2 },
  'gpt-5-nano': { prompt: 0.05, completion: 0.4 },
  'o4-mini': { prompt: 1.1, completion: 4.4 },
}

/** Cost in US dollars. A dated name (`gpt-4o-2024-08-06`) is priced as its longest known beginning; an unknown model costs 0. */
export function costUsd(model: string, usage: Usage, prices: PriceTable = PRICES): number {
  const price = priceOf(model, prices)
  if (!price) return 0
  return (usage.promptTokens * price.prompt + usage.completionTokens * price.completion) / 1_000_000
}

function priceOf(model: string, prices: PriceTable): Price | undefined {
  const names = Object.keys(prices).filter(name => model === name || model.startsWith(`${name}-`))
  const longest = names.sort((a, b) => b.length - a.length)[0]
  return longest === undefined ? undefined : prices[longest]
}
