/** The generator on virtual time, against targets that are slow, refuse, lose and double. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { generate } from '#load/generator.ts'
import { Refused } from '#load/http-target.ts'
import type { Measured } from '#load/meter.ts'
import type { LoadProfile } from '#load/profile.ts'
import type { OutcomeListener, Target } from '#load/target.ts'
import { figuresOf, isBottleneck } from '#load/verdict.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const PROFILE: LoadProfile = {
  ...{ perSecond: 100, rampMs: 0, durationMs: 2_000, bursts: [] },
  ...{ taskTypes: {}, organisations: {}, repeatedShare: 0, hostileShare: 0, seed: 1 },
}
const ANSWER_MS = 5_000

/** Calls back for each event when it is durable, after `durableMs`. */
type Answering = (index: number, id: string, listener: OutcomeListener, system: System) => void

const answered: Answering = (_, id, listener, system) =>
  void system.after(ANSWER_MS, () => listener.delivered(id))

interface TargetOptions {
  readonly durableMs?: number
  readonly refused?: (index: number) => boolean
  readonly error?: Error
  /** The outcomes cannot be followed from this moment on. */
  readonly lostAtMs?: number
}

function targetOf(system: System, answer: Answering, options: TargetOptions = {}): Target {
  const { durableMs = 1, refused, error = new Refused(429, 'slow down'), lostAtMs } = options
  let listener: OutcomeListener | undefined
  let count = 0
  return {
    description: 'a target',
    send: ({ id }) => {
      const index = count++
      return new Promise((resolve, reject) => {
        system.after(durableMs, () => {
          if (refused?.(index)) return reject(error)
          if (listener) answer(index, id, listener, system)
          resolve()
        })
      })
    },
    follow: async given => {
      listener = given
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
      if (lostAtMs !== undefined) system.after(lostAtMs, () => reject(new CaudalError('LOG_CLOSED')))
      return { ended, close: resolve }
    },
  }
}

async function play(
  answer: Answering,
  options: TargetOptions & { drainMs?: number; abortAtMs?: number } = {},
): Promise<Measured> {
  const time = new VirtualTime(1)
  const { system } = time
  const stop = new AbortController()
  if (options.abortAtMs !== undefined) system.after(options.abortAtMs, () => stop.abort())
  const { drainMs = 30_000 } = options
  const target = targetOf(system, answer, options)
  return await time.settle(
    generate({ profile: PROFILE, target, system, run: 'run', drainMs, signal: stop.signal }),
  )
}

describe('generate', () => {
  it('generate sends on time though no answer has come, and counts latency from the due time', async () => {
    const measured = await play(answered)
    expect(measured).toMatchObject({ sent: 200, acknowledged: 200, delivered: 200, failed: 0 })
    expect(measured.lateness.max).toBeLessThanOrEqual(1)
    expect(measured.toDelivered.p50).toBeGreaterThanOrEqual(ANSWER_MS)
    expect(measured.seconds.slice(0, 2).map(each => each.sent)).toEqual([100, 100])
  })

  it('generate does not wait for acknowledgements either', async () => {
    const measured = await play(answered, { durableMs: 4_000 })
    expect(measured.lateness.max).toBeLessThanOrEqual(1)
    expect(measured.toAcknowledged.p50).toBeGreaterThanOrEqual(3_990)
  })

  it('generate lists each acknowledged event that has no outcome', async () => {
    const measured = await play((index, ...rest) => index !== 7 && answered(index, ...rest))
    expect(measured.lost).toEqual({ count: 1, ids: ['run-7'] })
    expect(measured.doubled.count).toBe(0)
  })

  it('generate lists each event with a second outcome, whichever it is, and counts its first', async () => {
    const measured = await play((index, id, listener, system) => {
      answered(index, id, listener, system)
      if (index === 3) system.after(ANSWER_MS + 10, () => listener.delivered(id))
      if (index === 5) system.after(ANSWER_MS + 10, () => listener.failed(id, 'timeout'))
    })
    expect(measured.doubled).toEqual({ count: 2, ids: ['run-3', 'run-5'] })
    expect(measured).toMatchObject({ delivered: 200, failed: 0, lost: { count: 0 } })
  })

  it('generate does not miss the outcome of an event that the target refused', async () => {
    const measured = await play(answered, { refused: index => index % 10 === 0 })
    expect(measured).toMatchObject({ sent: 200, acknowledged: 180, delivered: 180 })
    expect(measured.errors).toEqual({ 'HTTP 429': 20 })
    expect(measured.lost.count).toBe(0)
  })

  it.each([
    ['LOG_UNAVAILABLE', new CaudalError('LOG_UNAVAILABLE', { reason: 'away' })],
    ['HTTP 502', new Refused(502, 'bad gateway')],
    ['TypeError', new TypeError('fetch failed')],
  ])('generate misses the outcome of an event that was perhaps taken: %s', async (code, error) => {
    const isTenth = (index: number) => index % 10 === 0
    const measured = await play(answered, { refused: isTenth, error })
    expect(measured.errors).toEqual({ [code]: 20 })
    expect(measured.lost.count).toBe(20)
    expect(measured.lost.ids.slice(0, 2)).toEqual(['run-0', 'run-10'])
  })

  it('generate counts failures by their reason', async () => {
    const measured = await play((index, id, listener, system) => {
      if (index % 4 === 0) system.after(1, () => listener.failed(id, 'attempts_used_up'))
      else answered(index, id, listener, system)
    })
    expect(measured.failures).toEqual({ attempts_used_up: 50 })
    expect(figuresOf(measured)['failed.share']).toBe(0.25)
  })

  it('generate takes no notice of outcomes of other events', async () => {
    const measured = await play((index, id, listener, system) => {
      answered(index, id, listener, system)
      listener.delivered('another-1')
      listener.failed('run-100000', 'invalid')
    })
    expect(measured).toMatchObject({ delivered: 200, failed: 0, doubled: { count: 0 } })
  })

  it('generate ends with what it has measured when it is stopped', async () => {
    const measured = await play(answered, { abortAtMs: 1_000 })
    expect(measured.sent).toBeGreaterThanOrEqual(99)
    expect(measured.sent).toBeLessThanOrEqual(101)
  })

  it('generate ends though the target never says anything, and counts those events', async () => {
    const measured = await play(answered, { durableMs: 10_000_000, drainMs: 0 })
    expect(measured).toMatchObject({ sent: 200, acknowledged: 0, unacknowledged: 200, lost: { count: 200 } })
  })

  it('generate rejects where outcomes cannot be followed any more, instead of calling everything lost', async () => {
    await expect(play(answered, { lostAtMs: 500 })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })

  it('generate says that it is the bottleneck where it was late itself', async () => {
    const punctual = await play(answered)
    expect(isBottleneck(punctual)).toBe(false)
    expect(isBottleneck({ ...punctual, lateness: { ...punctual.lateness, p99: 6 } })).toBe(true)
  })
})
