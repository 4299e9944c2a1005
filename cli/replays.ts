/**
 * How it is remembered that a failed record was sent again: a record without a value under the same key, in the same
 * topic as the failure, written together with the resent one. So nothing is resent twice, and a replay that is broken off
 * goes on where it was.
 */
import type { LogRecord } from '#engine/core/record.ts'

export const REPLAYED = 'caudal-replayed'

export const isReplayed = ({ value, headers }: LogRecord): boolean =>
  value === null && headers[REPLAYED] !== undefined
