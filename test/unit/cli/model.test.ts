/** The model that the settings name, when its provider is in trouble or a setting has a fault. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { dataFolder } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

it.each([true, false])(
  'a provider that is no longer called is logged with the reason, on a terminal (%s) or not',
  async isTTY => {
    const folder = dataFolder()
    const input = join(folder, 'ten.ndjson')
    const lines = Array.from({ length: 10 }, (_, index) => JSON.stringify({ title: `Question ${index}?` }))
    writeFileSync(input, `${lines.join('\n')}\n`)
    // Nothing listens there.
    const environment = { DATA_DIR: folder, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', LLM_MODEL: 'any' }
    const { world, stdout, stop } = surroundings({ environment, isTTY })
    const ended = main(['start', '--input', input], world)
    await stdout.until(/^http:\/\/127\.0\.0\.1:1\/v1 is not called for now: \S/m)
    stop()
    expect(await ended).toBe(EXIT.ok)
  },
)

it.each([
  ['are not JSON', 'none'],
  ['have a fault', '{"m":{"prompt":"x"}}'],
])('no server is left behind where the prices of the simulated model %s', async (_, prices) => {
  const folder = dataFolder()
  const LLM_PRICES = join(folder, 'prices.json')
  writeFileSync(LLM_PRICES, prices)
  const servers = () => process.getActiveResourcesInfo().filter(kind => kind === 'TCPServerWrap').length
  const before = servers()
  const { world, stderr } = surroundings({ environment: { DATA_DIR: folder, LLM_PRICES, PORT: '0' } })
  expect(await main(['start', '--exit'], world)).toBe(EXIT.configuration)
  expect(stderr.text).toContain('LLM_PRICES')
  expect(servers()).toBeLessThanOrEqual(before)
})
