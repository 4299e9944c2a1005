/** Log lines of a whole run: they lead to questions without saying what is in them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { surroundings } from '../../unit/cli/surroundings.ts'

const QUESTIONS = [
  '{"id": "q-1", "organization_id": "acme", "title": "Why does a zebra whisper?", "best_answer": "Zebras do not whisper."}',
  '{"id": "q-2", "organization_id": "acme", "title": "May zebras whisper at night?"}',
  'a zebra that is no JSON: whisper',
  '{"id": "q-3", "title": {"zebra": "whisper"}}',
]

async function linesOf(environment: Readonly<Record<string, string>>): Promise<string> {
  const folder = dataFolder()
  const file = join(folder, 'questions.ndjson')
  writeFileSync(file, QUESTIONS.map(line => `${line}\n`).join(''))
  const { world, stderr } = surroundings({
    environment: { DATA_DIR: folder, POD_NAME: 'pod-7', ...environment },
  })
  expect(await main(['start', '--exit', '--input', file], world)).toBe(EXIT.ok)
  return stderr.text
}

it('log lines name their pod and their question, and show no question and no answer', async () => {
  const text = await linesOf({ LOG_LEVEL: 'debug' })
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.every(({ pod, application }) => pod === 'pod-7' && application === 'answers')).toBe(true)
  const call = lines.find(
    ({ message, event_id }) => message.includes('has brought a reply') && event_id === 'q-1',
  )
  expect(call).toMatchObject({
    level: 'debug',
    part: 'engine',
    organization: 'acme',
    node: 'generate',
    question: '[content]',
  })
  expect(call.task).toContain(call.stage)
  expect(text).not.toMatch(/zebra|whisper/i)
}, 60_000)

it('log lines show questions and answers with LOG_CONTENT=on', async () => {
  const text = await linesOf({ LOG_LEVEL: 'warn,engine=debug', LOG_CONTENT: 'on' })
  expect(text).toMatch(/"question":"Why does a zebra whisper\?"/)
  expect(text).toMatch(/"reply":"/)
}, 60_000)

it('log lines are short with LOG_FORMAT=short', async () => {
  const text = await linesOf({ LOG_LEVEL: 'debug', LOG_FORMAT: 'short' })
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.length).toBeGreaterThan(0)
  expect(text).not.toMatch(/zebra|whisper/i)
  for (const line of lines) {
    expect(Object.keys(line).slice(0, 3)).toEqual(['time', 'level', 'message'])
    expect(line).not.toHaveProperty('part')
  }
}, 60_000)
