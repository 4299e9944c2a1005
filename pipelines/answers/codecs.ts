/** How the pipeline's values become bytes: JSON, checked on the way in. */
import { type Codec, json } from '#engine/core/codec.ts'
import { type Fields, fieldFaults } from './fields.ts'
import type {
  ActionEvent,
  Delivered,
  Failed,
  Generated,
  Intake,
  LlmError,
  LlmRequest,
  Scored,
  TaskConfig,
  Validated,
} from './types.ts'

const INTAKE: Fields = {
  id: 'string',
  task_type: 'string',
  title: 'string',
  content: 'string?',
  best_answer: 'string?',
  user_id: 'string?',
  organization_id: 'string?',
  asked_at: 'number',
}
const REQUEST: Fields = {
  ...INTAKE,
  error_attempts: 'number',
  quality_attempts: 'number',
  parked: 'number',
  feedback: 'string?',
  best: 'object?',
  spent: 'object',
  history: 'array',
}

export const IntakeJson = checked<Intake>('llm.intake', INTAKE)
export const LlmRequestJson = checked<LlmRequest>('llm.request', REQUEST)
export const GeneratedJson = checked<Generated>('llm.generated', { ...REQUEST, attempt: 'object' })
export const ScoredJson = checked<Scored>('llm.scored', { ...REQUEST, attempt: 'object' })
export const LlmErrorJson = checked<LlmError>('llm.error', {
  ...REQUEST,
  attempt: 'object?',
  step: 'string',
  request_id: 'string',
  error_type: 'string',
  reason: 'string',
  retry_after_ms: 'number?',
  counts: 'boolean',
})
export const ValidatedJson = checked<Validated>('llm.validated', {
  ...REQUEST,
  attempt: 'object',
  below_threshold: 'boolean',
})
export const FailedJson = checked<Failed>('llm.failed', {
  id: 'string',
  reason: 'string',
  faults: 'array',
  failed_at: 'number',
})
export const DeliveredJson = checked<Delivered>('answers.delivered', {
  id: 'string',
  task_type: 'string',
  answer: 'string',
  scores: 'object',
  final: 'number',
})
export const ActionEventJson = checked<ActionEvent>('llm.action', {
  id: 'string',
  task_type: 'string',
  action: 'string',
  details: 'object',
})
/** Lenient on purpose: what is wrong with a change is told by `settingsOf`, which then keeps to the declaration. */
export const TaskConfigJson: Codec<TaskConfig> = json<TaskConfig>('llm.config')

function checked<T>(name: string, fields: Fields): Codec<T> {
  return json<T>(name, value => {
    const faults = fieldFaults(value, fields)
    if (faults.length > 0) throw new TypeError(`${name}: ${faults.join('; ')}`)
  })
}
