/** What brokers answer when they do not do as asked, by the numbers of the Kafka protocol, and what follows from it. */
import { CaudalError, reasonOf } from '#engine/core/errors.ts'

export const CODE = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  FENCED_INSTANCE_ID: 82,
  PRODUCER_FENCED: 90,
} as const

/** Answers that another broker, or the same one a moment later, may take back. */
const PASSING: ReadonlySet<number> = new Set([
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_OR_FOLLOWER
  7, // REQUEST_TIMED_OUT
  9, // REPLICA_NOT_AVAILABLE
  13, // NETWORK_EXCEPTION
  CODE.COORDINATOR_LOAD_IN_PROGRESS,
  CODE.COORDINATOR_NOT_AVAILABLE,
  CODE.NOT_COORDINATOR,
  19, // NOT_ENOUGH_REPLICAS
  20, // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  41, // NOT_CONTROLLER
  CODE.CONCURRENT_TRANSACTIONS,
  56, // KAFKA_STORAGE_ERROR
  74, // FENCED_LEADER_EPOCH
  75, // UNKNOWN_LEADER_EPOCH
])

const FENCING: ReadonlySet<number> = new Set([
  CODE.INVALID_PRODUCER_EPOCH,
  CODE.INVALID_PRODUCER_ID_MAPPING,
  CODE.PRODUCER_FENCED,
])

/** The number that a broker answered with; `undefined` when it did not answer. kafkajs wraps some errors in others. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || error instanceof CaudalError) return undefined
  if ('code' in error && typeof error.code === 'number') return error.code
  return error.cause === undefined ? undefined : codeOf(error.cause)
}

/** Whether the connection failed, or the time ran out: nobody can say what the broker did. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof CaudalError ? error.code === 'LOG_UNAVAILABLE' : codeOf(error) === undefined
}

/** Whether the same may succeed a moment later, or at another broker. */
export function isPassing(error: unknown): boolean {
  return isUnanswered(error) || PASSING.has(codeOf(error) ?? 0)
}

export function isFencing(error: unknown): boolean {
  return FENCING.has(codeOf(error) ?? 0)
}

/** The coordinator of the group or producer has moved, or its broker is gone: ask again who it is. */
export function isCoordinatorLost(error: unknown): boolean {
  const code = codeOf(error)
  return isUnanswered(error) || code === CODE.NOT_COORDINATOR || code === CODE.COORDINATOR_NOT_AVAILABLE
}

/** Turns what is not one of our own errors into LOG_UNAVAILABLE. */
export function unavailable(error: unknown): CaudalError {
  return error instanceof CaudalError
    ? error
    : new CaudalError('LOG_UNAVAILABLE', { reason: reasonOf(error) }, error)
}

export function isLoginRefused(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'KafkaJSSASLAuthenticationError' || isLoginRefused(error.cause))
  )
}
