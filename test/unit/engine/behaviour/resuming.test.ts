/** A blocked task goes on without a restart of its pod, once its cause is fixed and somebody resumes the task. */
import { describe, expect, it } from 'vitest'
import { type TestKit, testTopology } from '#testing/index.ts'
import { adding, graphOf } from './graph.ts'

const statusOf = (kit: TestKit) => kit.pods.map(({ running }) => running.status())
const isBlocked = (kit: TestKit) => statusOf(kit).some(({ tasks }) => tasks[0]?.phase === 'blocked')
const resume = (kit: TestKit, task: string) =>
  kit.wait(Promise.all(kit.pods.map(({ running }) => running.resume(task))))

describe('a resumed task', () => {
  it.each(['out', 'app.adding.state', 'app.dead-letters'])(
    'a resumed task that was blocked because %s took no records goes on, and loses or doubles nothing',
    async topic => {
      await using kit = await testTopology(graphOf(adding, { partitions: 1 }))
      await kit.send('in', { key: 'a', value: 1 })
      await kit.settle()
      kit.faults.closeTopic(topic)
      await kit.send('in', { key: 'a', value: 2 }, { key: 'a', bytes: 'no number' }, { key: 'a', value: 3 })
      await kit.until(() => isBlocked(kit))
      const blockedBy = expect.objectContaining({ code: 'ACCESS_REFUSED' })
      const tasks = [{ name: 'adding/0', phase: 'blocked', blockedBy }]
      expect(statusOf(kit)).toEqual([{ phase: 'running', hasJoined: true, tasks }])
      kit.faults.openTopic(topic)
      await resume(kit, 'adding/0')
      await kit.settle()
      expect(kit.read('out')).toEqual([1, 3, 6])
      expect(kit.deadLetters()).toMatchObject([{ code: 'DECODE_FAILED' }])
      expect(statusOf(kit)[0]?.tasks).toEqual([{ name: 'adding/0', phase: 'running', blockedBy: undefined }])
    },
  )

  it('a resumed task that is not blocked stays as it is, and one that is not here is refused', async () => {
    await using kit = await testTopology(graphOf(adding, { partitions: 1 }))
    await resume(kit, 'adding/0')
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(kit.read('out')).toEqual([1])
    await expect(resume(kit, 'adding/7')).rejects.toThrow('this pod has no task adding/7')
  })
})

describe('a pod', () => {
  it('responds at its next step, and shows its name, limits and figures', async () => {
    await using kit = await testTopology(graphOf(adding, { partitions: 1 }), { limits: { timeout: '5s' } })
    const { running } = kit.pods[0] ?? {}
    await kit.wait(running?.responds() ?? Promise.reject(new TypeError('no pod')))
    expect(running).toMatchObject({ name: 'pod-1', limits: { timeoutMs: 5_000 }, resources: [] })
    expect(running?.metrics.rebalances).toBe(1)
    await kit.stop()
    expect(statusOf(kit)).toEqual([{ phase: 'stopped', hasJoined: true, tasks: [] }])
  })
})
