/** Too many dead letters stop a task: a bad deploy must not drain the backlog into them. */

import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

function failing(isBroken: (value: number) => boolean) {
  const check = operator({
    name: 'check',
    input: numbers,
    outputs: { out: numbers },
    process(record, ctx) {
      if (isBroken(record.value)) ctx.deadLetter('broken')
      ctx.emit('out', record.value)
    },
  })
  return graphOf(check, { partitions: 2 })
}

const inPartition = (partition: number, from: number, to: number) =>
  recordsOf(from, to).map(record => ({ ...record, partition }))

describe('a task most of whose records die', () => {
  it('a task with too many dead letters is blocked with the reason; its records are kept, and other tasks go on', async () => {
    await using kit = await testTopology(failing(value => value <= 1_000))
    await kit.send('in', ...inPartition(0, 1, 1_000), ...inPartition(1, 1_001, 1_200))
    await expect(kit.settle()).rejects.toThrow(
      /NOT_SETTLED[\s\S]*task check\/0 is blocked: TOO_MANY_DEAD: task check\/0 is blocked: 100 of 100 records/,
    )
    await kit.advance('10m')
    const { length } = kit.deadLetters()
    expect(length).toBeGreaterThanOrEqual(100)
    expect(length).toBeLessThan(400)
    expect(kit.read('out')).toHaveLength(200)
    expect(kit.logs.some(({ level, message }) => level === 'error' && message === 'a task is blocked')).toBe(
      true,
    )
  })

  it('a task most of whose records die goes on when somebody resumes it, without losing a record', async () => {
    let broken = true
    await using kit = await testTopology(failing(() => broken))
    await kit.send('in', ...inPartition(0, 1, 1_000))
    await expect(kit.settle()).rejects.toThrow('TOO_MANY_DEAD')
    broken = false
    const { running } = kit.pods[0] ?? {}
    await expect(kit.wait(running?.resume('other/0') ?? Promise.resolve())).rejects.toThrow('no task other/0')
    await kit.wait(running?.resume('check/0') ?? Promise.resolve())
    await kit.settle()
    expect(kit.read('out').length + kit.deadLetters().length).toBe(1_000)
  })

  it('a blocked task goes on after a restart with a fixed version', async () => {
    await using kit = await testTopology(failing(() => true))
    await kit.send('in', ...inPartition(0, 1, 1_000))
    await expect(kit.settle()).rejects.toThrow('TOO_MANY_DEAD')
    kit.crash()
    await kit.restart(failing(() => false))
    await kit.settle()
    expect(kit.read('out').length + kit.deadLetters().length).toBe(1_000)
  })

  it('a blocked task goes on at its next owner, whose count begins at zero', async () => {
    let broken = true
    await using kit = await testTopology(
      failing(() => broken),
      { pods: 2 },
    )
    await kit.send('in', ...inPartition(0, 1, 1_000))
    await expect(kit.settle()).rejects.toThrow('task check/0 is blocked')
    broken = false
    await kit.pods.find(({ tasks }) => !tasks.includes('check/1'))?.stop()
    await kit.settle()
    expect(kit.deadLetters().length).toBeLessThan(400)
    expect(kit.read('out').length + kit.deadLetters().length).toBe(1_000)
  })

  it('a task most of whose records die is not stopped by a few of them', async () => {
    await using kit = await testTopology(failing(value => value % 3 === 0))
    await kit.send('in', ...inPartition(0, 1, 3_000))
    await kit.settle()
    expect(kit.deadLetters()).toHaveLength(1_000)
    expect(kit.read('out')).toHaveLength(2_000)
  })

  it('a task most of whose records die is not stopped by what outsiders have written: garbage of one writer holds up no other', async () => {
    await using kit = await testTopology(failing(() => false))
    const garbage = Array.from({ length: 500 }, () => ({ partition: 0, value: Buffer.from([0xff, 0xfe]) }))
    await kit.send('in', ...garbage, ...inPartition(0, 1, 20))
    await kit.settle()
    expect(kit.deadLetters()).toHaveLength(500)
    expect(kit.read('out')).toHaveLength(20)
  })

  it('a task most of whose records die may be stopped and hands over what it did', async () => {
    await using kit = await testTopology(failing(() => true))
    await kit.send('in', ...inPartition(0, 1, 1_000))
    await expect(kit.settle()).rejects.toThrow('TOO_MANY_DEAD')
    await kit.stop()
    expect(kit.pods[0]?.status).toBe('stopped')
  })
})
