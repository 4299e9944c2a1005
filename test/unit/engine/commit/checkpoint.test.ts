/** Progress per source partition against a naive model, and the records that store it. */
import { describe, expect, it } from 'vitest'
import { SPAN_MAX } from '#core/limits.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '#engine/commit/checkpoint.ts'
import {
  decodeClaim,
  decodeMarker,
  decodeRelease,
  encodeClaim,
  encodeMarker,
  encodeRelease,
} from '#engine/commit/claims.ts'
import { SourceProgress } from '#engine/commit/source-progress.ts'
import { seededRandom } from '#testing/seeded-random.ts'

/** Every offset below `next` is finished unless it is in `open`; `ahead` was finished before the restart. */
class NaiveProgress {
  readonly open = new Set<number>()
  readonly ahead: Set<number>
  next: number

  constructor(low: number, ahead: ReadonlySet<number>) {
    this.next = low
    this.ahead = new Set(ahead)
  }

  isFinished(offset: number): boolean {
    return offset < this.next ? !this.open.has(offset) : this.ahead.has(offset)
  }

  get low(): number {
    let low = Math.min(this.next, ...this.open)
    while (this.isFinished(low)) low += 1
    return low
  }

  finishedAhead(): Set<number> {
    const end = Math.max(this.next, ...this.ahead) + 1
    const finished = new Set<number>()
    for (let offset = this.low; offset < end; offset++) if (this.isFinished(offset)) finished.add(offset)
    return finished
  }
}

function offsetsOf(low: number, runs: readonly number[]): Set<number> {
  const offsets = new Set<number>()
  let end = low
  for (let i = 0; i < runs.length; i += 2) {
    const from = end + (runs[i] ?? 0)
    end = from + (runs[i + 1] ?? 0)
    for (let offset = from; offset < end; offset++) offsets.add(offset)
  }
  return offsets
}

describe('SourceProgress', () => {
  it('SourceProgress follows records that complete in order', () => {
    const progress = new SourceProgress(10)
    for (let offset = 10; offset < 20; offset++) expect(progress.begin(offset)).toBe(true)
    expect([progress.low, progress.span, progress.unfinished]).toEqual([10, 10, 10])
    for (let offset = 10; offset < 20; offset++) progress.complete(offset)
    expect([progress.low, progress.span, progress.unfinished]).toEqual([20, 0, 0])
    expect(progress.runs()).toEqual([])
  })

  it('SourceProgress keeps what is done ahead of a slow record as runs', () => {
    const progress = new SourceProgress(0)
    for (let offset = 0; offset < 10; offset++) progress.begin(offset)
    for (const offset of [2, 3, 7, 9]) progress.complete(offset)
    expect(progress.low).toBe(0)
    expect(progress.runs()).toEqual([2, 2, 3, 1, 1, 1])
    progress.complete(0)
    expect(progress.low).toBe(1)
    progress.complete(1)
    expect(progress.low).toBe(4)
  })

  it('SourceProgress counts offsets that never arrive as finished, and merges runs over them', () => {
    const progress = new SourceProgress(5)
    progress.begin(7)
    progress.begin(9)
    progress.begin(12)
    progress.complete(9)
    progress.complete(12)
    progress.passed(15)
    expect(progress.low).toBe(7)
    expect(progress.runs()).toEqual([1, 7])
    progress.complete(7)
    expect([progress.low, progress.runs()]).toEqual([15, []])
    progress.passed(1_000_000_000_000)
    expect([progress.low, progress.span]).toEqual([1_000_000_000_000, 0])
  })

  it('SourceProgress skips after a restart exactly what was done ahead', () => {
    const progress = new SourceProgress(100, [2, 2, 1, 1])
    expect([progress.low, progress.span]).toEqual([100, 0])
    expect(progress.runs()).toEqual([2, 2, 1, 1])
    const taken = [100, 101, 102, 103, 104, 105, 106].filter(offset => progress.begin(offset))
    expect(taken).toEqual([100, 101, 104, 106])
    for (const offset of taken) progress.complete(offset)
    expect(progress.low).toBe(107)
  })

  it('SourceProgress passes a restored run as soon as all before it is finished', () => {
    const progress = new SourceProgress(100, [1, 50])
    progress.begin(100)
    progress.complete(100)
    expect([progress.low, progress.span, progress.runs()]).toEqual([151, 0, []])
    expect(progress.begin(101)).toBe(false)
    expect(progress.begin(151)).toBe(true)
    expect([progress.low, progress.span]).toEqual([151, 1])
  })

  it('SourceProgress refuses what would spoil the position', () => {
    const progress = new SourceProgress(0)
    progress.begin(0)
    progress.begin(5)
    expect(() => progress.begin(5)).toThrow(/INTERNAL.*delivered/)
    expect(() => progress.begin(3)).toThrow(/INTERNAL.*delivered/)
    expect(() => progress.complete(3)).toThrow(/INTERNAL.*in progress/)
    expect(() => progress.complete(9)).toThrow(/INTERNAL.*in progress/)
    progress.complete(5)
    expect(() => progress.complete(5)).toThrow(/INTERNAL.*in progress/)
    progress.complete(0)
    expect(() => progress.complete(0)).toThrow(/INTERNAL.*in progress/)
  })

  it('SourceProgress agrees with a naive model on random histories with gaps, markers and restarts', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed)
      const below = (limit: number) => Math.floor(random() * limit)
      const start = below(2) * (2 ** 33 - 20)
      let progress = new SourceProgress(start)
      let model = new NaiveProgress(start, new Set())
      for (let move = 0; move < 400; move++) {
        const choice = below(100)
        if (choice < 48) {
          const offset = model.next + (below(4) === 0 ? below(5) : 0)
          expect(progress.begin(offset)).toBe(!model.ahead.has(offset))
          if (!model.ahead.has(offset)) model.open.add(offset)
          model.next = offset + 1
        } else if (choice < 93 && model.open.size > 0) {
          const open = [...model.open]
          // Mostly among the oldest, so that low moves; sometimes any.
          const offset = open[below(below(3) === 0 ? open.length : Math.min(4, open.length))] ?? 0
          model.open.delete(offset)
          progress.complete(offset)
        } else if (choice < 98) {
          model.next += below(4)
          progress.passed(model.next)
        } else {
          // A restart reads from low again; what was open is delivered again, what was done ahead is known.
          const low = progress.low
          model = new NaiveProgress(low, offsetsOf(low, progress.runs()))
          progress = new SourceProgress(low, progress.runs())
        }
        const context = `seed ${seed}, move ${move}`
        expect(progress.low, context).toBe(model.low)
        expect(progress.unfinished, context).toBe(model.open.size)
        expect(progress.span, context).toBe(Math.max(0, model.next - model.low))
        expect(offsetsOf(progress.low, progress.runs()), context).toEqual(model.finishedAhead())
        expect(
          progress.runs().every(length => length > 0),
          context,
        ).toBe(true)
      }
    }
  })

  it('SourceProgress stays exact while a window slides far without ever being empty', () => {
    const progress = new SourceProgress(0)
    for (let offset = 0; offset < 100; offset++) progress.begin(offset)
    for (let offset = 100; offset < 20_000; offset++) {
      progress.begin(offset)
      progress.complete(offset - 100 + (offset % 2 === 0 ? 1 : -1))
    }
    expect([progress.low, progress.unfinished]).toEqual([19_900, 100])
  })
})

describe('checkpoint records', () => {
  const checkpoint: Checkpoint = {
    format: 1,
    incarnation: 'pod-1/7',
    number: 12,
    sources: { 'in/3': { low: 5, ahead: [2, 1] }, 'other/3': { low: 0, ahead: [] } },
  }

  it('checkpoint records come back as written', () => {
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
  })

  it('checkpoint records stay within 64 kB for three sources at full span in the worst pattern', () => {
    const progress = new SourceProgress(2 ** 40)
    for (let i = 0; i < SPAN_MAX; i++) progress.begin(2 ** 40 + i)
    for (let i = 1; i < SPAN_MAX; i += 2) progress.complete(2 ** 40 + i)
    const source = { low: progress.low, ahead: progress.runs() }
    expect(source.ahead).toHaveLength(SPAN_MAX)
    const sources = { 'requests/100': source, 'answers/100': source, 'errors/100': source }
    expect(encodeCheckpoint({ ...checkpoint, sources }).length).toBeLessThanOrEqual(64 * 1024)
  })

  it('checkpoint records of a later format are refused by name of task and format', () => {
    const newer = Buffer.from(JSON.stringify({ ...checkpoint, format: 2 }))
    expect(() => decodeCheckpoint(newer, 'count/3')).toThrow(/STATE_NEWER.*count\/3.*format 2/)
    expect(() => decodeMarker(newer)).toThrow(/STATE_NEWER/)
    expect(() => decodeRelease(newer)).toThrow(/STATE_NEWER/)
  })

  it.each([
    '',
    '{',
    JSON.stringify({ format: 1, incarnation: 'a', number: 1, sources: { 'in/0': { low: 1.5, ahead: [] } } }),
    JSON.stringify({ format: 1, incarnation: 'a', number: 1, sources: { 'in/0': { low: 1 } } }),
    JSON.stringify({ format: 1, incarnation: 'a', sources: {} }),
    JSON.stringify({ format: 1, number: 1, sources: {} }),
  ])('checkpoint records that are damaged are not guessed at: %s', text => {
    expect(() => decodeCheckpoint(Buffer.from(text))).toThrow(/LOG_CORRUPT/)
  })

  it('markers and releases come back as written; damaged ones are refused', () => {
    const marker = { incarnation: 'pod-1/7', producer: 'app-pod-1', nonce: 'n1' }
    expect(decodeMarker(encodeMarker(marker))).toEqual(marker)
    expect(decodeRelease(encodeRelease({ nonces: ['n1', 'n2'] }))).toEqual({ nonces: ['n1', 'n2'] })
    expect(() => decodeMarker(Buffer.from('{"format":1,"nonce":"n"}'))).toThrow(/LOG_CORRUPT/)
    expect(() => decodeRelease(Buffer.from('{"format":1}'))).toThrow(/LOG_CORRUPT/)
    expect(() => decodeRelease(Buffer.from('{"format":1,"nonces":[1]}'))).toThrow(/LOG_CORRUPT/)
  })

  it('a claim comes back as written; anything unreadable is no claim', () => {
    const claim = { incarnation: 'pod-1/7', producer: 'app-pod-1', nonce: 'n1' }
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim)
    for (const text of [undefined, '', 'null', '7', '"text"', '[]', '{}', '{"format":2}']) {
      expect(decodeClaim(text)).toBeUndefined()
    }
    expect(decodeClaim(encodeClaim(claim).replace('"format":1', '"format":2'))).toBeUndefined()
  })
})
