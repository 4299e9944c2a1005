/** Traces of a whole run, as a collector gets them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { summaryOf } from '../../cli/process.ts'
import { receiveOtlp } from '../../otlp-receiver.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'
import { surroundings } from '../../unit/cli/surroundings.ts'
import { faultsOf } from '../../unit/observability/traces/trace-faults.ts'

const QUESTIONS = 20

async function run(environment: Readonly<Record<string, string>>) {
  const folder = dataFolder()
  const file = join(folder, 'questions.ndjson')
  const lines = Array.from({ length: QUESTIONS }, (_, id) => `{"id": "q-${id}", "title": "What is ${id}?"}\n`)
  writeFileSync(file, lines.join(''))
  const { world, stdout } = surroundings({
    environment: { DATA_DIR: folder, POD_NAME: 'pod-7', ...environment },
  })
  expect(await main(['start', '--exit', '--json', '--input', file], world)).toBe(EXIT.ok)
  return summaryOf(stdout.text)
}

it('a collector gets one whole trace for each question, from the request to the database', async () => {
  await using receiver = await receiveOtlp()
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b,other=c' }
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`, ...headers })).toMatchObject({
    inputs: QUESTIONS,
  })
  const spans = receiver.spans.map(span => ({ ...span, parentId: span.parentId || undefined }))
  const ids = [...new Set(spans.map(({ traceId }) => traceId))]
  expect(ids).toHaveLength(QUESTIONS)
  expect(
    faultsOf(
      spans,
      ids.map(id => `00-${id}-${'1'.repeat(16)}-01`),
    ),
  ).toEqual([])
  for (const name of ['receive', 'ingest', 'admit', 'generate', 'score', 'deliver', 'persist'])
    expect(new Set(spans.filter(span => span.name === name).map(span => span.traceId)).size).toBe(QUESTIONS)
  const chat = spans.find(({ name }) => name === 'chat simulated')
  expect(chat?.attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'caudal.task_type': 'qa' })
  expect(chat?.resource).toMatchObject({ 'service.name': 'answers', 'service.instance.id': 'pod-7' })
  expect(receiver.headers[0]).toMatchObject({ 'x-key': 'a b', other: 'c' })
}, 60_000)

it('a collector that hangs changes no answer', async () => {
  await using receiver = await receiveOtlp(() => 'hang')
  const summary = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  expect(summary).toMatchObject({ inputs: QUESTIONS, delivered: QUESTIONS })
}, 60_000)
