/** Times that no log stores exactly are refused where they are given, whatever the log is. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

/** Every kind of value that is no whole number of milliseconds; not every user has a compiler. */
const NO_TIMES = [Number.NaN, 0.5, -1, 2 ** 62, Number.POSITIVE_INFINITY, 10n, '10', null]

function emitting(field: 'timestamp' | 'notBefore', time: unknown) {
  const careless = operator({
    name: 'careless',
    input: numbers,
    outputs: { out: numbers },
    process: (record, ctx) => ctx.emit('out', record.value, record.value === 13 ? { [field]: time } : {}),
  })
  return graphOf(careless, field === 'notBefore' ? { tiers: [1_000] } : {})
}

describe('an output', () => {
  it.each(
    NO_TIMES.flatMap(
      time =>
        [
          ['timestamp', time],
          ['notBefore', time],
        ] as const,
    ),
  )(
    'an output whose %s is %s makes a dead letter of its record, and the rest goes on',
    async (field, time) => {
      await using kit = await testTopology(emitting(field, time))
      await kit.send('in', { key: 'a', value: 12 }, { key: 'a', value: 13 }, { key: 'a', value: 14 })
      await kit.settle()
      expect(kit.deadLetters()).toMatchObject([
        {
          code: 'TIME_INVALID',
          message: expect.stringContaining(`node careless: ${field} of output out is ${time}`),
          origin: { offset: 1 },
        },
      ])
      expect(kit.read('out')).toEqual([12, 14])
    },
  )
})

describe('a timer', () => {
  it.each([1.5, 2 ** 62])('%d ms ahead makes a dead letter of its record', async aheadMs => {
    const setting = operator({
      name: 'setting',
      input: numbers,
      timers: ['later'],
      process: (record, ctx) => ctx.timers.set('later', ctx.now + record.value),
    })
    await using kit = await testTopology(graphOf(setting))
    await kit.send('in', { key: 'a', value: aheadMs })
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([
      { code: 'TIMER_INVALID', message: expect.stringContaining('no whole number of milliseconds') },
    ])
  })
})

describe('a time given from outside', () => {
  it.each([Number.NaN, 1.5, -5, 2 ** 60])(
    'a time given from outside is refused when it is %d',
    async timestamp => {
      await using kit = await testTopology(emitting('timestamp', undefined))
      const send = async () => kit.send('in', { key: 'a', value: 1, timestamp })
      await expect(send()).rejects.toMatchObject({ code: 'TIME_INVALID' })
    },
  )
})
