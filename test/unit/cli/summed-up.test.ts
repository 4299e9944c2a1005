/** What the summary of `caudal start` counts of its input: events that were left out, and those fed before it was stopped. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { dataFolder } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

const worldOf = (folder: string) =>
  surroundings({ environment: { DATA_DIR: folder, LOG_LEVEL: 'error', PORT: '0' } })
const summaryIn = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')

it('an event that is too large is in the summary of a start, and counts for --fail-if-any', async () => {
  const folder = dataFolder()
  const input = join(folder, 'a.ndjson')
  writeFileSync(input, `{"title":"a"}\n{"title":"b","content":"${'x'.repeat(2_000_000)}"}\n`)
  const { world, stdout } = worldOf(folder)
  const code = await main(['start', '--exit', '--json', '--fail-if-any', '--input', input], world)
  expect(summaryIn(stdout.text)).toMatchObject({ inputs: 1, too_large: 1, invalid: 0, failed: 0 })
  expect(stdout.text).toContain('1 event not fed, larger than the topic takes')
  expect(code).toBe(EXIT.someFailed)
})

it('a start that is stopped while it feeds counts what was fed in its summary', async () => {
  const { world, stdout, stop } = worldOf(dataFolder())
  function* lines() {
    for (let at = 0; at < 2_000; at++) yield `{"title":"${at}"}\n`
    stop()
    for (let at = 0; at < 1_000; at++) yield `{"title":"more ${at}"}\n`
  }
  const stdin = Readable.from(lines())
  const code = await main(['start', '--exit', '--json', '--input', '-'], { ...world, stdin })
  const [, fed = ''] = /^Fed: ([\d,]+) events/m.exec(stdout.text) ?? []
  const inputs = Number(fed.replace(',', ''))
  expect(inputs).toBeGreaterThan(500)
  expect(summaryIn(stdout.text)).toMatchObject({ inputs })
  expect(code).toBe(EXIT.interrupted)
})
