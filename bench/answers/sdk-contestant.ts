/**
 * The pipeline's calls without the pipeline, in a process of their own. Each question is answered and judged, so many at a
 * time, with the same provider code and prompts. What comes of them is thrown away.
 */

import { normalise } from '#answers/events.ts'
import { generationRequest, judgeRequest } from '#answers/prompting.ts'
import { settingsOf } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { type Intake, type LlmRequest, NOTHING_SPENT } from '#answers/types.ts'
import { openAi } from '#models/openai.ts'
import { questions } from './questions.ts'

const [baseUrl = '', inFlightText = '1'] = process.argv.slice(2)
const inFlightMax = Number(inFlightText)
const model = openAi({ baseUrl, model: 'simulated', sendHints: true })
const { signal } = new AbortController()
const intakes = questions().flatMap(({ event }) => {
  const normalised = normalise(event, TASK_TYPES, { recordId: '', timestamp: 0 })
  return 'intake' in normalised ? [normalised.intake] : []
})
let next = 0

async function askOn(): Promise<void> {
  for (;;) {
    const intake = intakes[next++ % intakes.length]
    if (intake) await answer(intake, `contestant-${next}`)
  }
}

async function answer(intake: Intake, requestId: string): Promise<void> {
  const type = TASK_TYPES[intake.task_type]
  if (!type) return
  const { settings } = settingsOf(type, { threshold: 0, attemptsMax: 1 })
  const request: LlmRequest = {
    ...intake,
    error_attempts: 0,
    quality_attempts: 0,
    parked: 0,
    spent: NOTHING_SPENT,
    history: [],
  }
  const asked = generationRequest(request, settings)
  const reply = await model.complete(asked, { signal, requestId: `${requestId}/call` })
  const attempt = {
    answer: reply.text,
    model: reply.model,
    prompt_version: settings.promptVersion,
    request_id: requestId,
    latency_ms: reply.latencyMs,
    tokens_prompt: reply.usage.promptTokens,
    tokens_completion: reply.usage.completionTokens,
  }
  await model.complete(judgeRequest({ ...request, attempt }, {}), {
    signal,
    requestId: `${requestId}/judge`,
  })
}

for (let caller = 0; caller < inFlightMax; caller++) void askOn()
process.on('disconnect', () => process.exit())
