/** Whatever a provider says of how a reply ended, and however large it is: only a whole answer is delivered as one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCaudal, summaryOf } from '../../cli/process.ts'
import {
  asking,
  COST_USD,
  completion,
  saying,
  send,
  startProvider,
  TOKENS,
  VERDICT,
} from '../../cli/provider.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-replies-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const HALF = 'The first half of'
const ended = (finish_reason: unknown, more: object = {}) =>
  completion({ message: { content: HALF, ...more }, finish_reason })
const called = (finish_reason: string, more: object) =>
  completion({ message: { content: null, ...more }, finish_reason })
const MEGABYTE = 1_000_000

const WHOLE: Readonly<Record<string, string>> = {
  stop: ended('stop'),
  missing: completion({ message: { content: HALF } }),
}
const USELESS: Readonly<Record<string, string>> = {
  length: ended('length'),
  content_filter: ended('content_filter'),
  tool_calls: called('tool_calls', { tool_calls: [{ id: 'a', type: 'function' }] }),
  tool_calls_and_text: ended('tool_calls', { tool_calls: [{ id: 'a', type: 'function' }] }),
  function_call: called('function_call', { function_call: { name: 'f' } }),
  null: ended(null),
  weird: ended('weird'),
  error: ended('error'),
  number: ended(7),
  refusal: ended('stop', { refusal: 'I will not.' }),
  no_text: saying(''),
  megabytes_1: saying('x'.repeat(MEGABYTE)),
  megabytes_5: saying('x'.repeat(5 * MEGABYTE)),
  megabytes_20: saying('x'.repeat(20 * MEGABYTE)),
  nothing: '',
}
/** Of the judge; the answers themselves are whole. */
const VERDICTS: Readonly<Record<string, string>> = {
  judge_length: completion({ message: { content: VERDICT }, finish_reason: 'length' }),
  judge_weird: completion({ message: { content: VERDICT }, finish_reason: 'weird' }),
  judge_megabytes: saying('x'.repeat(5 * MEGABYTE)),
}

it('each question has one outcome, only whole answers are delivered, and every purchase is in the cost', async () => {
  const { seen, baseUrl } = await startProvider(({ kind, isJudge }, response) =>
    send(
      response,
      isJudge ? (VERDICTS[kind] ?? saying(VERDICT)) : (WHOLE[kind] ?? USELESS[kind] ?? ended('stop')),
    ),
  )
  const input = join(folder, 'questions.ndjson')
  const failing = [...Object.keys(USELESS), ...Object.keys(VERDICTS)]
  const kinds = [...Object.keys(WHOLE), ...failing]
  writeFileSync(input, kinds.map(kind => `${JSON.stringify(asking(kind))}\n`).join(''))
  const environment = {
    DATA_DIR: folder,
    OPENAI_BASE_URL: baseUrl,
    MAX_ATTEMPTS: '2',
    RETRY_BASE_MS: '1',
    RETRY_CAP_MS: '5',
  }
  const { code, stdout, stderr } = await runCaudal(
    ['start', '--exit', '--json', '--input', input],
    environment,
  )
  expect(code, stderr).toBe(0)
  const summary = summaryOf(stdout)
  const sold = seen.filter(({ kind, isJudge }) => isJudge || kind !== 'nothing').length
  expect(summary).toMatchObject({
    inputs: kinds.length,
    delivered: Object.keys(WHOLE).length,
    failed: failing.length,
    dead_letters: 0,
    calls: sold,
    calls_bought_twice: 0,
    tokens: sold * TOKENS,
  })
  expect(summary.cost_usd).toBeCloseTo(sold * COST_USD, 6)
  const told = async (...words: string[]) => {
    const { stdout } = await runCaudal([...words, '--json'], { DATA_DIR: folder })
    return stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  expect((await told('results')).map(({ id }) => id).sort()).toEqual(Object.keys(WHOLE).sort())
  const failures = await told('dlq', 'list')
  expect(failures.map(({ id }) => id).sort()).toEqual(failing.sort())
  expect(failures.map(({ attempts }) => attempts)).toEqual(failures.map(() => 2))
})
