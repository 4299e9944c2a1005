/** A process that was stopped notices it when it goes on. */
import { expect, it } from 'vitest'
import { StallDetector } from '#engine/pod/stall.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

function setUp() {
  const time = new VirtualTime(1)
  const system = time.systemFor('pod')
  const stalls: number[] = []
  const detector = new StallDetector(system, 6_000, ms => stalls.push(ms))
  return { time, system, stalls, detector }
}

it('is silent while the process runs', async () => {
  const { time, stalls, detector } = setUp()
  detector.start()
  await time.runFor(600_000)
  expect(stalls).toEqual([])
  detector.stop()
})

it('tells of a pause of more than two thirds of the session time-out, once', async () => {
  const { time, system, stalls, detector } = setUp()
  detector.start()
  await time.runFor(1_500)
  system.pause()
  await time.runFor(15_000)
  system.resume()
  await time.runFor(60_000)
  expect(stalls).toEqual([15_500])
  detector.stop()
})

it('the stall detector reports a machine that slept, even if the monotonic clock paused too', async () => {
  const { time, system, stalls, detector } = setUp()
  detector.start()
  await time.runFor(1_500)
  system.stepClock(60_000)
  await time.runFor(10_000)
  expect(stalls).toEqual([61_000])
  detector.stop()
})

it('does not mind a wall clock that is set back', async () => {
  const { time, system, stalls, detector } = setUp()
  detector.start()
  await time.runFor(1_500)
  system.stepClock(-3_600_000)
  await time.runFor(60_000)
  expect(stalls).toEqual([])
  system.pause()
  await time.runFor(15_000)
  system.resume()
  await time.runFor(10_000)
  expect(stalls).toHaveLength(1)
  detector.stop()
})

it('does not mind a pause of up to two thirds', async () => {
  const { time, system, stalls, detector } = setUp()
  detector.start()
  await time.runFor(1_000)
  system.pause()
  await time.runFor(4_000)
  system.resume()
  await time.runFor(10_000)
  expect(stalls).toEqual([])
  detector.stop()
})

it('leaves no timer after its stop, and may be started again', async () => {
  const { time, stalls, detector } = setUp()
  detector.start()
  detector.start()
  detector.stop()
  await time.runUntilIdle()
  expect(time.eventCount).toBe(0)
  await time.runFor(60_000)
  detector.start()
  await time.runFor(2_500)
  expect(time.eventCount).toBe(2)
  expect(stalls).toEqual([])
  detector.stop()
})

it('may be stopped by what it calls', async () => {
  const { time, system, stalls } = setUp()
  const detector = new StallDetector(system, 6_000, ms => {
    stalls.push(ms)
    detector.stop()
  })
  detector.start()
  system.pause()
  await time.runFor(10_000)
  system.resume()
  await time.runUntilIdle()
  expect(stalls).toEqual([10_000])
})
