/** What can go wrong for a caller of the gateway: one catalogue, on every transport. docs/gateway.md has a line for each. */
import type { InputFault } from './schema.ts'

/** Code to status of HTTP and title. A code is never reused. */
export const PROBLEMS = {
  invalid_request: [400, 'The request has faults.'],
  not_json: [400, 'The body is not JSON.'],
  request_malformed: [400, 'The request is not HTTP as the gateway reads it.'],
  key_in_address: [400, 'A key stands in the address.'],
  unauthenticated: [401, 'There is no key in force.'],
  loopback_only: [403, 'Without keys the gateway answers this machine alone.'],
  origin_refused: [403, 'The request comes from a page of another origin.'],
  scope_missing: [403, 'The key may not do this.'],
  organization_bound: [403, 'The key sees one organisation alone.'],
  brake_refused: [403, 'The key may not brake this.'],
  version_refused: [403, 'The key may not change prompts.'],
  route_unknown: [404, 'There is no such route.'],
  task_unknown: [404, 'There is no such task.'],
  batch_unknown: [404, 'There is no such batch.'],
  session_unknown: [404, 'There is no such session.'],
  version_unknown: [404, 'What the version asks with is not known.'],
  failure_unknown: [404, 'There is no such failure, preview or replay.'],
  topic_unknown: [404, 'There is no such topic.'],
  operator_unknown: [404, 'There is no such operator.'],
  method_not_allowed: [405, 'The route does not take this method.'],
  too_slow: [408, 'The request did not arrive in time.'],
  trial_unknown: [404, 'There is no such trial.'],
  trial_running: [409, 'Another trial runs.'],
  trial_unpriced: [422, 'The price of the trial is not known.'],
  version_changed: [409, 'Another version is live.'],
  session_changed: [409, 'The session was changed meanwhile.'],
  too_large: [413, 'The body is too large.'],
  address_too_long: [414, 'The address is too long.'],
  media_type_unknown: [415, 'The body must be JSON, not compressed.'],
  upgrade_needed: [426, 'The route speaks WebSocket.'],
  key_reused: [422, 'The Idempotency-Key belongs to another question.'],
  rate_limited: [429, 'The key has made too many requests.'],
  quota_used_up: [429, 'The questions of the day are used up.'],
  headers_too_large: [431, 'The headers are too large.'],
  model_unknown: [404, 'There is no such model.'],
  question_failed: [422, 'There will be no answer.'],
  not_in_time: [504, 'There is no answer yet.'],
  store_absent: [404, 'The store that has it is not set.'],
  too_many_streams: [503, 'Too many look at once.'],
  internal: [500, 'The gateway failed.'],
  log_unavailable: [503, 'The log does not answer.'],
  store_unavailable: [503, 'The database does not answer.'],
  starting: [503, 'The gateway starts: it waits for the log.'],
  stopping: [503, 'The gateway stops.'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof PROBLEMS
/** Of HTTP. */
export type ProblemStatus = (typeof PROBLEMS)[ProblemCode][0]

export interface ProblemDetails {
  /** What happened this time, then what to do. */
  readonly detail?: string
  readonly faults?: readonly InputFault[]
  /** When another try is worth it. */
  readonly retryAfterS?: number
}

/** An answer that tells what went wrong. Handlers return it; nothing of the engine is in it. */
export class Problem {
  readonly code: ProblemCode
  readonly status: ProblemStatus
  readonly title: string
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    const [status, title] = PROBLEMS[code]
    this.code = code
    this.status = status
    this.title = title
    this.details = details
  }
}

export const invalid = (faults: readonly InputFault[]): Problem => new Problem('invalid_request', { faults })
