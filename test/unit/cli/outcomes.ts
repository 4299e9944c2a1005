/** Outcomes of questions, as the pipeline writes them. */
import type { Delivered, Failed, LlmRequest } from '#answers/types.ts'

export function delivered(more: Partial<Delivered> = {}): Delivered {
  return {
    id: 'q1',
    task_type: 'qa',
    title: 'What is a fuse for?',
    answer: 'It cuts the current.',
    scores: { exactness: 8, completeness: 8, clarity: 8, concision: 8, usefulness: 8 },
    final: 8,
    below_threshold: false,
    attempts: 1,
    error_attempts: 0,
    quality_attempts: 1,
    model: 'simulated',
    prompt_version: '1',
    request_id: 'r1',
    calls: 2,
    tokens_prompt: 100,
    tokens_completion: 20,
    cost_usd: 0.001,
    asked_at: 1,
    delivered_at: 2,
    history: [],
    ...more,
  }
}

export function request(more: Partial<LlmRequest> = {}): LlmRequest {
  return {
    id: 'q2',
    task_type: 'qa',
    title: 'What is a fuse for?',
    asked_at: 1,
    error_attempts: 3,
    quality_attempts: 0,
    parked: 1,
    spent: { calls: 1, tokens_prompt: 10, tokens_completion: 5, cost_usd: 0.0005 },
    history: [],
    ...more,
  }
}

export function failed(more: Partial<Failed> = {}): Failed {
  return {
    id: 'q2',
    reason: 'attempts_used_up',
    faults: ['3 calls failed, the last by timeout'],
    failed_at: 5,
    request: request(),
    ...more,
  }
}

export const invalid: Failed = {
  id: 'raw/1',
  reason: 'invalid_input',
  faults: ['title is empty'],
  failed_at: 3,
}
