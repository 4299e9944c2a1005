/** What providers do not take and how they wrap what they say: found out once by each, and no reply is bought again for it. */
import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { main } from '#cli/main.ts'
import { summaryOf } from '../../cli/process.ts'
import {
  type Asked,
  asking,
  type Body,
  saying,
  send,
  startProvider,
  TOKENS,
  VERDICT,
} from '../../cli/provider.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { surroundings } from '../../unit/cli/surroundings.ts'

interface Variant {
  /** Requests that it refuses; with its words. */
  readonly refuses?: (body: Body) => boolean
  readonly words?: string
  /** What it makes of the text of a reply. */
  readonly reply?: (text: string, response: ServerResponse) => void
}

const formatOf = ({ response_format }: Body) => response_format?.type
const VARIANTS: readonly (readonly [string, Variant, number])[] = [
  ['takes all and says it plainly', {}, 0],
  [
    'has no json_schema',
    { refuses: body => formatOf(body) === 'json_schema', words: 'json_schema is not supported' },
    1,
  ],
  [
    'has no response_format at all',
    { refuses: body => formatOf(body) !== undefined, words: 'response_format: extra fields not permitted' },
    2,
  ],
  [
    'has no system role',
    {
      refuses: ({ messages }) => messages.some(({ role }) => role === 'system'),
      words: 'System role not supported',
    },
    1,
  ],
  [
    'has no temperature',
    { refuses: body => body.temperature !== undefined, words: 'temperature: only the default is supported' },
    1,
  ],
  [
    'has none of them',
    {
      refuses: body =>
        formatOf(body) !== undefined ||
        body.temperature !== undefined ||
        body.messages.some(({ role }) => role === 'system'),
      words: 'Bad Request',
    },
    // Asked and asked once more, since one refusal without words may pass; then without each thing alone, two of them in two steps.
    9,
  ],
  [
    'says it in parts',
    {
      reply: (text, response) =>
        send(
          response,
          saying([
            { type: 'text', text: text.slice(0, 5) },
            { type: 'text', text: text.slice(5) },
          ]),
        ),
    },
    0,
  ],
  [
    'thinks aloud first',
    { reply: (text, response) => send(response, saying(`<think>Let me {see}.</think>\n${text}`)) },
    0,
  ],
  [
    'compresses though nobody asked',
    { reply: (text, response) => send(response, gzipSync(saying(text)), { 'content-encoding': 'gzip' }) },
    0,
  ],
  [
    'calls its JSON plain text',
    { reply: (text, response) => send(response, saying(text), { 'content-type': 'text/plain' }) },
    0,
  ],
]

const QUESTIONS = 12
const ANSWER = 'It cuts the current.'

it.each(VARIANTS)(
  'every question is delivered and bought once from a provider that %s',
  async (_, variant, refusals) => {
    const refused: Asked[] = []
    const sold: Asked[] = []
    const { baseUrl } = await startProvider((asked, response) => {
      if (variant.refuses?.(asked.body)) {
        refused.push(asked)
        response.writeHead(400, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message: variant.words } }))
        return
      }
      sold.push(asked)
      const text = asked.isJudge ? VERDICT : ANSWER
      if (variant.reply) variant.reply(text, response)
      else send(response, saying(text))
    })
    const folder = dataFolder()
    const input = join(folder, 'questions.ndjson')
    const questions = Array.from({ length: QUESTIONS }, (_, index) => asking(`q${index}`))
    writeFileSync(input, questions.map(each => `${JSON.stringify(each)}\n`).join(''))
    const told = async (...words: string[]) => {
      const environment = {
        DATA_DIR: folder,
        OPENAI_BASE_URL: baseUrl,
        RETRY_BASE_MS: '1',
        RETRY_CAP_MS: '5',
        LOG_LEVEL: 'error',
      }
      const { world, stdout, stderr } = surroundings({ environment })
      expect(await main(words, world), stderr.text).toBe(0)
      return stdout.text
    }
    const stdout = await told('start', '--exit', '--json', '--input', input)
    expect(summaryOf(stdout)).toMatchObject({
      inputs: QUESTIONS,
      delivered: QUESTIONS,
      failed: 0,
      // An answer and its verdict.
      calls: 2 * QUESTIONS,
      tokens: 2 * QUESTIONS * TOKENS,
    })
    expect(sold.length).toBe(2 * QUESTIONS)
    expect(refused.length).toBe(refusals)
    // By the first call of its kind, and by no other.
    expect(new Set(refused.map(({ kind }) => kind)).size).toBe(Math.min(refusals, 1))
    const results = (await told('results', '--json')).trimEnd().split('\n')
    expect(results.map(line => JSON.parse(line).answer)).toEqual(questions.map(() => ANSWER))
  },
)
