/** The load to send, and when each of its events is due. The schedule is fixed before the first event, whatever the target does. */

export interface LoadProfile {
  /** Events a second, once the ramp is over. */
  readonly perSecond: number
  /** The rate rises evenly from nothing to `perSecond` within this time. */
  readonly rampMs: number
  readonly durationMs: number
  /** Events that are all due at one moment, in addition to the rate. */
  readonly bursts: readonly Burst[]
  /** How often each task type is drawn, relative to the others. */
  readonly taskTypes: Weights
  /** How often each organisation is drawn. Empty: events name no organisation. */
  readonly organisations: Weights
  /** Share of events that ask what an earlier event has asked, 0 to 1. */
  readonly repeatedShare: number
  /** Share of events whose text is made to do harm, 0 to 1. */
  readonly hostileShare: number
  /** The same seed draws the same events. */
  readonly seed: number
}

export interface Burst {
  readonly atMs: number
  readonly events: number
}

export type Weights = Readonly<Record<string, number>>

/** When each event is due, in ms since the beginning, in order. */
export function* dueTimes({ perSecond, rampMs, durationMs, bursts }: LoadProfile): Generator<number> {
  const perMs = perSecond / 1_000
  /** As many as the triangle of the ramp holds. */
  const ofRamp = (perMs * rampMs) / 2
  const dueOf = (index: number) =>
    index < ofRamp ? Math.sqrt((2 * index * rampMs) / perMs) : rampMs + (index - ofRamp) / perMs
  const sudden = [...bursts].sort((a, b) => a.atMs - b.atMs).filter(({ atMs }) => atMs < durationMs)
  for (let index = 0; ; index++) {
    const due = perMs === 0 ? Number.POSITIVE_INFINITY : dueOf(index)
    while (sudden[0] && sudden[0].atMs <= due) {
      const { atMs, events } = sudden.shift() as Burst // There is one.
      for (let i = 0; i < events; i++) yield atMs
    }
    if (due >= durationMs) return
    yield due
  }
}
