/** What models cost, in US dollars for a million tokens: the one place to edit when a price changes. */
import type { Usage } from '#models/model.ts'

/** US dollars for a million tokens. */
export interface Price {
  readonly prompt: number
  readonly completion: number
}
/** Prices by the names of models. */
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

/** Cost in US dollars; `undefined` where no price is known: a wrong one, 0 above all, would be believed. */
export function costUsd(model: string, usage: Usage, prices: PriceTable = PRICES): number | undefined {
  const price = priceOf(model, prices)
  if (!price) return undefined
  return (usage.promptTokens * price.prompt + usage.completionTokens * price.completion) / 1_000_000
}

/** A sum of which one part is not known is not known. */
export function sumUsd(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
}

/** What tells one release of a model from another. Any other ending is another model, with another price. */
const RELEASE = /-(?:\d{4}-\d{2}-\d{2}|\d{4,8}|latest)$/

/** A dated name (`gpt-4o-2024-08-06`) is priced as the name without its date, a name with its provider in front also without it. */
function priceOf(model: string, prices: PriceTable): Price | undefined {
  const known = [model, model.replace(RELEASE, '')].find(name => Object.hasOwn(prices, name))
  if (known !== undefined) return prices[known]
  const slash = model.indexOf('/')
  return slash < 0 ? undefined : priceOf(model.slice(slash + 1), prices)
}

/** Every fault of a table of prices that comes from outside. */
export function priceFaults(table: unknown): readonly string[] {
  if (typeof table !== 'object' || table === null || Array.isArray(table))
    return ['it must be an object: {"MODEL": {"prompt": USD, "completion": USD}}, for a million tokens']
  return Object.entries(table).flatMap(([model, price]) =>
    ['prompt', 'completion']
      .filter(kind => !isPrice(price?.[kind]))
      .map(kind => `${model}: ${kind} must be a number of 0 or more, US dollars for a million tokens`),
  )
}

const isPrice = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0
