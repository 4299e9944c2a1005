/** The dead letter of a job as an output of its transaction: the original bytes and the error. */
import { CaudalError, type ErrorCode, reasonOf } from '#core/errors.ts'
import { HEADER } from '#core/record.ts'
import type { Output } from '#engine/commit/outlets.ts'
import { encodeDeadLetter } from '#engine/record/dead-letter.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export function deadLetterOf(job: Job, error: unknown, task: string, node: string, pod: PodContext): Output {
  const now = pod.system.now()
  const told =
    error instanceof CaudalError
      ? error
      : new CaudalError('HANDLER_FAILED', { node, place: job.place, reason: reasonOf(error) }, error)
  const letter = {
    id: job.id,
    application: pod.application,
    origin: job.origin(task, now),
    node,
    code: codeOf(told),
    message: told.message,
    stack: error instanceof Error ? error.stack : undefined,
    attempts: job.attempt,
    failedAt: now,
  }
  // The rest is room for the frame around the value, with key and headers.
  const value = encodeDeadLetter(letter, pod.deadLetters.limit.bytes - 1_024)
  const record = {
    key: Buffer.from(job.id),
    value,
    headers: { [HEADER.id]: Buffer.from(job.id) },
    timestamp: letter.origin.timestamp,
  }
  return { slot: pod.outlets.place(pod.deadLetters, node, record, job.id), record }
}

/** The code of the cause, if a schema does not fit. The message names both codes, and the place. */
function codeOf(told: CaudalError): ErrorCode {
  const { code, cause } = told
  return code === 'DECODE_FAILED' && cause instanceof CaudalError ? cause.code : code
}
