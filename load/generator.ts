/**
 * An open generator. Each event is sent when it is due, whether or not earlier ones were answered. Its latency counts
 * from when it was due. A generator that waits for answers sends less to a slow target and measures it as fast; Gil Tene
 * named that coordinated omission.
 */
import { CaudalError, WritesRefused } from '#core/errors.ts'
import { type System, sleep } from '#core/system.ts'
import { Refused } from './http-target.ts'
import { type Measured, Meter } from './meter.ts'
import { dueTimes, type LoadProfile } from './profile.ts'
import { type Asked, Questions } from './questions.ts'
import type { Target } from './target.ts'

export interface LoadOptions {
  readonly profile: LoadProfile
  readonly target: Target
  readonly system: System
  /** Begins the ids, unique among all runs. */
  readonly run: string
  readonly dataset?: readonly Asked[]
  /** After the last event, so long is waited for outcomes. */
  readonly drainMs: number
  readonly signal: AbortSignal
  readonly onProgress?: (meter: Meter, elapsedMs: number) => void
}

/** Events that are neither acknowledged nor refused; beyond it, events that are due are not sent but counted as errors. */
export const UNACKNOWLEDGED_MAX = 100_000
/** The code under which those are counted. */
export const NOT_SENT = 'NOT_SENT'
const PROGRESS_MS = 250
/** After the last event, so long is waited for acknowledgements at least. */
const ANSWER_MS = 10_000
/** The shortest time that a timer waits. */
const TICK_MS = 1

/** Sends the whole profile, waits for what is still to come, and returns what it measured. Ends early when it is aborted. */
export async function generate(options: LoadOptions): Promise<Measured> {
  const { profile, target, system, run, signal } = options
  let beganAt = system.monotonic()
  const elapsed = () => system.monotonic() - beganAt
  const meter = new Meter(run, elapsed)
  const following = await target.follow(meter)
  const stopped = new AbortController()
  const ends = AbortSignal.any([signal, stopped.signal])
  // Without outcomes the audit would say that everything is lost.
  const unfollowed = following.ended.then(
    () => undefined,
    error => stopped.abort(error),
  )
  try {
    beganAt = system.monotonic()
    await sendAll(new Questions(profile, run, options.dataset), meter, options, elapsed, ends)
    await drained(meter, options, elapsed, ends)
  } catch (error) {
    if (!ends.aborted) throw error
  } finally {
    following.close()
    await unfollowed
  }
  if (stopped.signal.aborted) throw stopped.signal.reason
  return meter.read()
}

async function sendAll(
  questions: Questions,
  meter: Meter,
  { profile, target, system, onProgress }: LoadOptions,
  elapsed: () => number,
  signal: AbortSignal,
): Promise<void> {
  let progressAt = 0
  for (const due of dueTimes(profile)) {
    while (elapsed() < due) {
      await sleep(system, Math.max(TICK_MS, Math.floor(due - elapsed())), signal)
      if (elapsed() < progressAt) continue
      progressAt = elapsed() + PROGRESS_MS
      onProgress?.(meter, elapsed())
    }
    if (signal.aborted) return
    send(questions, meter, target, due)
  }
}

function send(questions: Questions, meter: Meter, target: Target, due: number): void {
  const event = questions.next()
  const isFull = meter.unacknowledged >= UNACKNOWLEDGED_MAX
  const index = meter.sending(due)
  if (isFull) return meter.refused(index, NOT_SENT)
  target.send(event).then(
    () => meter.acknowledged(index),
    error => (isRefusal(error) ? meter.refused(index, codeOf(error)) : meter.doubtful(index, codeOf(error))),
  )
}

/** Until each event that was acknowledged, or may have been, has an outcome, or the time is over. */
async function drained(
  meter: Meter,
  { system, drainMs, onProgress }: LoadOptions,
  elapsed: () => number,
  signal: AbortSignal,
): Promise<void> {
  const outcomesUntil = elapsed() + drainMs
  const answersUntil = elapsed() + Math.max(drainMs, ANSWER_MS)
  const isWaiting = () =>
    (meter.unacknowledged > 0 && elapsed() < answersUntil) || (meter.waiting > 0 && elapsed() < outcomesUntil)
  while (isWaiting()) {
    await sleep(system, PROGRESS_MS, signal)
    onProgress?.(meter, elapsed())
  }
}

/** Whether the target said that it did not take the event. */
const isRefusal = (error: unknown): boolean =>
  error instanceof WritesRefused || (error instanceof Refused && !error.isDoubtful)

function codeOf(error: unknown): string {
  if (error instanceof Refused) return `HTTP ${error.status}`
  if (error instanceof CaudalError) return error.code
  return error instanceof Error ? error.name : 'UNKNOWN'
}
