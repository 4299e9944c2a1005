/** The dead letter of a job as an output of its own transaction: the original bytes, and what went wrong. */
import { CaudalError, type ErrorCode, reasonOf } from '#engine/core/errors.ts'
import { HEADER, type LogRecord, NO_HEADERS } from '#engine/core/record.ts'
import { type DeadLetter, encodeDeadLetter } from './dead-letter.ts'
import { DelayJob } from './delay-job.ts'
import type { Job } from './job.ts'
import type { Output } from './outlets.ts'
import { SourceJob } from './source-job.ts'
import type { TaskHost } from './task-host.ts'

export function deadLetterOf(job: Job, error: unknown, task: string, node: string, host: TaskHost): Output {
  const now = host.system.now()
  const told =
    error instanceof CaudalError
      ? error
      : new CaudalError('HANDLER_FAILED', { node, place: job.place, reason: reasonOf(error) }, error)
  const letter = {
    id: job.id,
    application: host.application,
    origin: originOf(job, task, now),
    node,
    code: codeOf(told),
    message: told.message,
    stack: error instanceof Error ? error.stack : undefined,
    attempts: job.attempt,
    failedAt: now,
  }
  // The frame around the value, key and headers, needs room too.
  const value = encodeDeadLetter(letter, host.deadLetters.limit.bytes - 1_024)
  const record = {
    key: Buffer.from(job.id),
    value,
    headers: { [HEADER.id]: Buffer.from(job.id) },
    timestamp: letter.origin.timestamp,
  }
  return { slot: host.outlets.place(host.deadLetters, node, record, job.id), record }
}

/** A schema that does not fit is told by its own code; the message has both, and the place. */
function codeOf(told: CaudalError): ErrorCode {
  const { code, cause } = told
  return code === 'DECODE_FAILED' && cause instanceof CaudalError ? cause.code : code
}

function originOf(job: Job, task: string, now: number): DeadLetter['origin'] {
  if (job instanceof SourceJob || job instanceof DelayJob) {
    const { topic, partition } = job.intake
    return { ...job.record, topic, partition }
  }
  const timer: LogRecord = { key: null, value: null, headers: NO_HEADERS, offset: -1, timestamp: now }
  return { ...timer, key: Buffer.from(job.key ?? ''), topic: `timer of ${task}`, partition: -1 }
}
