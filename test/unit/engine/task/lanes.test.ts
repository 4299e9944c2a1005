/** Jobs of one key that run again: before those that wait, and before one that was about to run. */
import { expect, it } from 'vitest'
import type { Job } from '#engine/record/job.ts'
import { Lanes } from '#engine/task/lanes.ts'

/** Lanes look at nothing but the key of a job. */
const jobOf = (key: string, name: string) => ({ key, name }) as unknown as Job
const nameOf = (job: Job | undefined) => job && Reflect.get(job, 'name')

/** Takes what is ready, one after the other, each done at once. */
function runAll(lanes: Lanes): unknown[] {
  const names: unknown[] = []
  for (let job = lanes.takeReady(); job; job = lanes.takeReady()) {
    names.push(nameOf(job))
    lanes.leave(job)
  }
  return names
}

it('jobs that run again come before one of their key that is ready, and before those that wait', () => {
  const lanes = new Lanes()
  const first = jobOf('a', 'first')
  lanes.hold(first)
  lanes.hold(jobOf('b', 'other'))
  for (const name of ['third', 'fourth']) expect(lanes.enter(jobOf('a', name))).toBe(false)
  expect(lanes.enter(jobOf('b', 'behind the other'))).toBe(false)
  lanes.leave(first)
  lanes.leave(jobOf('b', 'other'))
  lanes.rewind([jobOf('a', 'first again'), jobOf('a', 'second again')], () => false)
  expect(lanes.enter(jobOf('a', 'fifth'))).toBe(false)
  expect(lanes.parked).toBe(6)
  expect(runAll(lanes)).toEqual([
    'behind the other',
    'first again',
    'second again',
    'third',
    'fourth',
    'fifth',
  ])
  expect(lanes.parked).toBe(0)
})

it('jobs that run again come right behind the job of their key that is in progress', () => {
  const lanes = new Lanes()
  const running = jobOf('a', 'running')
  lanes.hold(running)
  expect(lanes.enter(jobOf('a', 'third'))).toBe(false)
  lanes.rewind([jobOf('a', 'first again'), jobOf('a', 'second again')], key => key === 'a')
  expect(lanes.hasReady).toBe(false)
  lanes.leave(running)
  expect(runAll(lanes)).toEqual(['first again', 'second again', 'third'])
})
