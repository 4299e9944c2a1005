/**
 * Spans of traces that are not sampled, held for a while. Such a trace is written after all once it has an error or a retry, or
 * its question was slow. Each process decides by its own spans, so what other pods have dropped of such a trace is missing.
 */
import type { System } from '#core/system.ts'
import { RecentNames } from './recent-names.ts'
import type { SpanRecord, SpanSink } from './span.ts'

const SPANS_MAX = 10_000
const HELD_MS = 300_000
const WRITTEN_MAX = 10_000
/** A question is slow when it took longer than so many of the last ones. */
const SLOW_SHARE = 0.99
const DURATIONS = 1_000
/** How often the limit is computed again, in questions; before the first time none is slow. */
const EVERY = 100

export interface HeldTracesOptions {
  readonly system: System
  readonly sink: SpanSink
}

interface HeldTrace {
  readonly spans: SpanRecord[]
  readonly since: number
}

export class HeldTraces {
  readonly #options: HeldTracesOptions
  /** The oldest first. */
  readonly #held = new Map<string, HeldTrace>()
  #spans = 0
  readonly #written = new RecentNames(WRITTEN_MAX)
  readonly #durations: number[] = []
  #ended = 0
  #slowMs = Number.POSITIVE_INFINITY

  constructor(options: HeldTracesOptions) {
    this.#options = options
  }

  take(span: SpanRecord): void {
    const { traceId } = span
    if (this.#written.has(traceId)) return this.#options.sink(span)
    const held = this.#held.get(traceId) ?? { spans: [], since: this.#options.system.monotonic() }
    held.spans.push(span)
    this.#held.set(traceId, held)
    this.#spans++
    if (isWorthIt(span)) this.#write(traceId)
    this.#dropOld()
  }

  /** The question of the trace has its outcome at `endMs`, milliseconds since the epoch. */
  ended(traceId: string, endMs: number): void {
    const held = this.#held.get(traceId)
    if (!held) return
    const startMs = held.spans.reduce((least, span) => Math.min(least, span.startMs), endMs)
    if (this.#isSlow(endMs - startMs)) this.#write(traceId)
  }

  #isSlow(durationMs: number): boolean {
    const isSlow = durationMs > this.#slowMs
    this.#durations[this.#ended++ % DURATIONS] = durationMs
    if (this.#ended % EVERY === 0) {
      const sorted = this.#durations.toSorted((a, b) => a - b)
      this.#slowMs = sorted[Math.floor(sorted.length * SLOW_SHARE)] ?? Number.POSITIVE_INFINITY
    }
    return isSlow
  }

  #write(traceId: string): void {
    this.#written.isNew(traceId)
    for (const span of this.#drop(traceId)) this.#options.sink(span)
  }

  #drop(traceId: string): readonly SpanRecord[] {
    const { spans = [] } = this.#held.get(traceId) ?? {}
    this.#held.delete(traceId)
    this.#spans -= spans.length
    return spans
  }

  #dropOld(): void {
    const before = this.#options.system.monotonic() - HELD_MS
    for (const [traceId, { since }] of this.#held) {
      if (this.#spans <= SPANS_MAX && since > before) return
      this.#drop(traceId)
    }
  }
}

/** An error, or a wait before a further attempt. */
const isWorthIt = ({ error, attributes }: SpanRecord): boolean =>
  error !== undefined || attributes['error.type'] !== undefined || attributes['caudal.reason'] !== undefined
