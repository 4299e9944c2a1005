/** What the settings make of the graph. */
import { expect, it } from 'vitest'
import { configurationOf } from '#cli/environment.ts'
import { modellessTopology } from '#cli/topology.ts'

const timeLimits = (environment: Readonly<Record<string, string>>) =>
  modellessTopology(configurationOf(environment))
    .operators.filter(({ name }) => name === 'generate' || name === 'score')
    .map(({ operator }) => operator.limits.timeout)

it('the time limit of a record covers one call of each provider in the chain, and their waits', () => {
  const one = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', LLM_TIMEOUT_MS: '20000' }
  expect(timeLimits(one)).toEqual([35_000, 35_000])
  const two = { ...one, OPENAI_FALLBACK_BASE_URL: 'http://127.0.0.1:2/v1' }
  expect(timeLimits(two)).toEqual([55_000, 55_000])
})
