/**
 * Retry pauses for services that do not answer, one row an operation. docs/retries.md explains each row. An operation that
 * an event of the pod repeats, within its step, takes only the pause from here.
 */
import { hasCode } from './errors.ts'
import { type System, sleep } from './system.ts'

/** The pauses between the attempts of one operation. No policy limits the number of attempts. */
export interface RetryPolicy {
  /** The pause after the first failure. */
  readonly firstMs: number
  /** Each further pause is so many times the one before. */
  readonly factor: number
  readonly maxMs: number
  /** The share of a pause that is drawn at random, so that many who wait do not ask all at once. */
  readonly jitter: number
}

const always = (firstMs: number): RetryPolicy => ({ firstMs, factor: 1, maxMs: firstMs, jitter: 0 })

/** The policy of each operation that the engine repeats. docs/retries.md explains each row. */
export const RETRIES = {
  /** The start of a pod: its topics, and the topology that is stored. */
  start: { firstMs: 250, factor: 2, maxMs: 10_000, jitter: 0 },
  /** The schema registry. */
  registry: { firstMs: 250, factor: 2, maxMs: 10_000, jitter: 0 },
  /** Ownership: producer, claims, markers, fences; and a commit on a full disk, which begins with a new producer. */
  ownership: always(100),
  /** Ownership, where only a person can change the answer. */
  blockedOwnership: always(5_000),
  /** A task whose outputs or state go to a partition that takes no write, while others do. */
  unwritable: always(30_000),
  /** A source or a state partition that a task reads. */
  read: always(100),
  /** A global table. */
  table: { firstMs: 100, factor: 2, maxMs: 5_000, jitter: 0.5 },
  /** A task that opens: the bounds of its sources, and the identity of its topics. */
  openTask: always(200),
  /** The local copy of a task's state. */
  localCopy: always(1_000),
  /** A record that threw `unavailable` again though what it waits for was said to be there. */
  stillUnavailable: { firstMs: 100, factor: 2, maxMs: 10_000, jitter: 0 },
  /** A topic that is followed from outside. */
  follow: always(500),
  /** A request of the Kafka driver that failed in passing. */
  request: { firstMs: 2, factor: 1.5, maxMs: 500, jitter: 0 },
  /** Partitions that the brokers do not know yet. */
  unknownTopic: always(50),
  /** A statement of the database of answers. */
  database: { firstMs: 250, factor: 2, maxMs: 2_000, jitter: 0 },
  /** A store in a file or a topic, and the counts of rates: answers, cache, semantic index. */
  store: always(500),
  /** A connection to a cache that broke. */
  reconnect: { firstMs: 100, factor: 2, maxMs: 2_000, jitter: 0 },
} as const satisfies Record<string, RetryPolicy>

/** How long to wait after so many failures in a row, the first one being number 0. */
export function pauseMs(policy: RetryPolicy, failures: number, system: Pick<System, 'random'>): number {
  const longestMs = Math.min(policy.maxMs, policy.firstMs * policy.factor ** failures)
  return policy.jitter === 0 ? longestMs : longestMs * (1 - policy.jitter * (1 - system.random()))
}

/** How `whileUnavailable` waits: by which clock, until which signal, and after which errors. */
export interface Waiting {
  readonly system: System
  /** Ends a pause: `whileUnavailable` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** What passes by itself; LOG_UNAVAILABLE alone when left out. */
  readonly isPassing?: (error: unknown) => boolean
  /** Called before each pause. */
  readonly onPause?: (waitMs: number, error: unknown) => void
}

/** Repeats an operation for as long as it fails with what passes; rejects with any other error. */
export async function whileUnavailable<T>(
  policy: RetryPolicy,
  operation: () => Promise<T>,
  { system, signal, isPassing = isLogAway, onPause }: Waiting,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await operation()
    } catch (error) {
      if (!isPassing(error)) throw error
      const waitMs = pauseMs(policy, failures, system)
      onPause?.(waitMs, error)
      await sleep(system, waitMs, signal)
    }
  }
}

const isLogAway = (error: unknown): boolean => hasCode(error, 'LOG_UNAVAILABLE')
