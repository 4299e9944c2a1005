/** Torn transactions: the next producer of the id keeps committed what was committed, and aborted what was aborted. */
import { describe, expect, it } from 'vitest'
import { hasCode } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { type Epoch, isWhole, type TransactionPort, takeOver } from '#engine/log/repair.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { codeOf } from '../../../conformance/log/fixture.ts'
import { TornBrokers } from './torn-brokers.ts'

const STATE: TopicPartition = { topic: 'state', partition: 0 }
const OUT: TopicPartition = { topic: 'out', partition: 0 }
const OTHER: TopicPartition = { topic: 'out', partition: 1 }
const PLACES = [STATE, OUT, OTHER]
const TRIES_MAX = 20

/** As a client does it: the whole again, as long as the trouble passes. */
async function takeOverAtLast(brokers: TornBrokers, port = brokers.port()): Promise<Epoch> {
  for (let tries = 0; ; tries++) {
    try {
      return await takeOver(port, PLACES)
    } catch (error) {
      const isPassing = hasCode(error, 'LOG_UNAVAILABLE') || hasCode(error, 'FENCED')
      if (!isPassing || tries > TRIES_MAX) throw error
    }
  }
}

/** Each call arrives some turns later. */
function inAnyOrder(port: TransactionPort, random: () => number): TransactionPort {
  const late = async <Answer>(call: () => Promise<Answer>) => {
    for (let turns = random() * 8; turns > 0; turns--) await undefined
    return call()
  }
  return {
    ...port,
    describe: () => late(port.describe),
    open: (producerId, places) => late(() => port.open(producerId, places)),
    start: purpose => late(() => port.start(purpose)),
    add: (epoch, places) => late(() => port.add(epoch, places)),
    end: (epoch, outcome) => late(() => port.end(epoch, outcome)),
  }
}

/** A transaction of both partitions that has ended in one of them alone. */
async function torn(endsRaiseEpochs: boolean, outcome: 'commit' | 'abort'): Promise<TornBrokers> {
  const brokers = new TornBrokers(endsRaiseEpochs)
  const epoch = await takeOver(brokers.port(), PLACES)
  brokers.write(epoch, [STATE, OUT], 'torn')
  brokers.torn.add(partitionKey(OUT))
  if (outcome === 'commit') brokers.end(epoch, 'commit')
  else brokers.timeOut()
  brokers.calls.length = 0
  return brokers
}

/** The new producer writes and is aborted: the leftovers must not go with it. */
function writeAndAbort(brokers: TornBrokers, epoch: Epoch): void {
  brokers.write(epoch, PLACES, 'aborted')
  brokers.timeOut()
}

describe.each([
  ['without an epoch for each transaction', false],
  ['with an epoch for each transaction', true],
] as const)('a producer is taken over, %s', (_, endsRaiseEpochs) => {
  it.each([
    ['commit', ['torn']],
    ['abort', []],
  ] as const)('and what its last transaction left open is ended by %s', async (outcome, seen) => {
    const brokers = await torn(endsRaiseEpochs, outcome)
    writeAndAbort(brokers, await takeOverAtLast(brokers))
    expect([brokers.committed(STATE), brokers.committed(OUT)]).toEqual([seen, seen])
    expect(brokers.told).toEqual([
      `a transaction of producer pod was ended by ${outcome}, but the brokers left it open in out/0 from offset 0: ` +
        'it is ended there in the same way now',
    ])
  })

  it.each(['commit', 'abort'] as const)(
    'a repairing pod may die before or after each of its steps: the next one ends by %s too',
    async outcome => {
      const whole = await torn(endsRaiseEpochs, outcome)
      await takeOverAtLast(whole)
      for (let step = 1; step <= whole.calls.length; step++) {
        for (const trouble of ['request lost', 'answer lost'] as const) {
          const brokers = await torn(endsRaiseEpochs, outcome)
          brokers.trouble = (__, number) => (number === step ? trouble : undefined)
          writeAndAbort(brokers, await takeOverAtLast(brokers))
          const seen = outcome === 'commit' ? ['torn'] : []
          expect([brokers.committed(STATE), brokers.committed(OUT)], `${trouble} at ${step}`).toEqual([
            seen,
            seen,
          ])
        }
      }
    },
  )

  it.each(['commit', 'abort'] as const)('and three that repair at once all end it by %s', async outcome => {
    for (let seed = 1; seed <= 300; seed++) {
      const brokers = await torn(endsRaiseEpochs, outcome)
      const random = seededRandom(seed)
      const port = brokers.port()
      const steps = Array.from({ length: 3 }, () => takeOverAtLast(brokers, inAnyOrder(port, random)))
      const epochs = await Promise.all(steps)
      const last = epochs.reduce((one, other) => (one.epoch > other.epoch ? one : other))
      writeAndAbort(brokers, last)
      expect(brokers.committed(OUT), `seed ${seed}`).toEqual(outcome === 'commit' ? ['torn'] : [])
    }
  })

  it.each([
    ['after its look, so that another one has started an epoch and added partitions', 'describe', 701],
    ['after its start, so that another one takes it for gone and starts an epoch', 'add', 2_001],
  ])('and a repairer that slept %s, looks again and spoils nothing', async (_what, during, sleptMs) => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    const port = brokers.port()
    let looks = 0
    brokers.meanwhile = call => {
      if (call !== during || (call === 'describe' && ++looks < 2)) return
      brokers.meanwhile = () => {}
      if (call === 'describe') brokers.clock += sleptMs
      const other = startedByAnother(brokers)
      if (call === 'describe' && other) brokers.add(other, [OUT])
    }
    const sleeping = {
      ...port,
      pause: async () => {
        if (during === 'add') brokers.clock += sleptMs
      },
    }
    expect(await codeOf(takeOver(sleeping, PLACES))).toBe('LOG_UNAVAILABLE')
    brokers.meanwhile = () => {}
    writeAndAbort(brokers, await takeOverAtLast(brokers))
    expect(brokers.committed(OUT)).toEqual(['torn'])
  })

  it('and a repairer that waited for another one, which went on after all, spoils nothing', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    const other = brokers.start('commit')
    let pauses = 0
    const waiting = {
      ...brokers.port(),
      pause: async () => {
        if (++pauses === 1) brokers.add(other, [OUT])
      },
    }
    writeAndAbort(brokers, await takeOverAtLast(brokers, waiting))
    expect([brokers.committed(STATE), brokers.committed(OUT)]).toEqual([['torn'], ['torn']])
  })

  it('and what it lost between two questions is not ended as the transaction before', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    const first = await takeOver(brokers.port(), PLACES)
    brokers.write(first, [STATE, OUT], 'first')
    const second = brokers.end(first, 'commit')
    brokers.meanwhile = call => {
      if (call !== 'describe') return
      brokers.meanwhile = () => undefined
      brokers.write(second, [STATE, OUT], 'second')
      brokers.torn.add(partitionKey(OUT))
      brokers.timeOut()
    }
    writeAndAbort(brokers, await takeOverAtLast(brokers))
    expect([brokers.committed(STATE), brokers.committed(OUT)]).toEqual([['first'], ['first']])
  })

  it('and what it had open and not ended is aborted', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    const epoch = await takeOver(brokers.port(), PLACES)
    brokers.write(epoch, [STATE, OUT], 'open')
    const next = await takeOverAtLast(brokers)
    brokers.write(next, [STATE, OUT], 'after')
    brokers.end(next, 'commit')
    expect([brokers.committed(STATE), brokers.committed(OUT)]).toEqual([['after'], ['after']])
  })

  it('and a transaction that is aborted by that, and torn, is repaired as well', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    brokers.write(await takeOver(brokers.port(), PLACES), [STATE, OUT], 'open')
    brokers.torn.add(partitionKey(OUT))
    const next = await takeOverAtLast(brokers)
    brokers.write(next, [OUT], 'after')
    brokers.end(next, 'commit')
    expect(brokers.committed(OUT)).toEqual(['after'])
  })

  it('and what a later epoch has begun meanwhile is no leftover', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    brokers.meanwhile = call => {
      if (call !== 'start') return
      brokers.meanwhile = () => undefined
      brokers.write(brokers.start('write'), [OUT], 'later')
    }
    const fenced = await takeOver(brokers.port(), PLACES)
    expect(brokers.described).toMatchObject({ state: 'ongoing', epoch: fenced.epoch + 1 })
  })

  it('and a transaction that is ending is waited for', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    const epoch = await takeOver(brokers.port(), PLACES)
    brokers.holdsMarkers = true
    brokers.write(epoch, [STATE, OUT], 'ending')
    brokers.end(epoch, 'commit')
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('LOG_UNAVAILABLE')
    brokers.letMarkersGo()
    writeAndAbort(brokers, await takeOver(brokers.port(), PLACES))
    expect(brokers.committed(OUT)).toEqual(['ending'])
  })

  it('but not where leftovers lie below a transaction that is ongoing, which then stays as it is', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    const epoch = brokers.described
    if (epoch) brokers.write(epoch, [STATE], 'ongoing')
    await expect(takeOver(brokers.port(), PLACES)).rejects.toThrow(
      /TRANSACTION_TORN.*producer pod \(id 7\).*out\/0 from offset 0.*abort --topic out --partition 0 --start-offset 0/,
    )
    expect(brokers.described?.state).toBe('ongoing')
  })

  it('but not where nobody knows how the transaction ended that left something', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    brokers.start('write')
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('TRANSACTION_TORN')
    expect(brokers.described?.epoch).toBe(endsRaiseEpochs ? 2 : 1)
  })

  it('but not where another transaction of an earlier epoch left something', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    const later = brokers.start('write')
    brokers.write(later, [STATE], 'later')
    brokers.end(later, 'commit')
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('TRANSACTION_TORN')
  })

  it('but not where it ends a torn transaction between the question and the fence', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    const epoch = await takeOver(brokers.port(), PLACES)
    brokers.meanwhile = call => {
      if (call !== 'open') return
      brokers.meanwhile = () => {}
      brokers.write(epoch, [OUT], 'torn')
      brokers.torn.add(partitionKey(OUT))
      brokers.end(epoch, 'commit')
    }
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('TRANSACTION_TORN')
  })

  it('but not where a repair was given up by the coordinator', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    brokers.trouble = call => (call === 'end' ? 'request lost' : undefined)
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('LOG_UNAVAILABLE')
    brokers.timeOut()
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('TRANSACTION_TORN')
  })

  it('where the brokers do not tell what is open, only if they have never heard of it', async () => {
    const brokers = new TornBrokers(endsRaiseEpochs)
    brokers.isAllowed = false
    await takeOver(brokers.port(), PLACES)
    expect(brokers.told).toEqual([expect.stringContaining('code 29')])
    expect(await codeOf(takeOver(brokers.port(), PLACES))).toBe('TRANSACTION_UNCHECKED')
  })
})

describe.each([false, true])('a producer that goes on, ends raising epochs: %s', endsRaiseEpochs => {
  async function committed(): Promise<{ brokers: TornBrokers; epoch: Epoch }> {
    const brokers = new TornBrokers(endsRaiseEpochs)
    const first = await takeOver(brokers.port(), PLACES)
    brokers.write(first, [STATE, OUT], 'a')
    return { brokers, epoch: brokers.end(first, 'commit') }
  }

  it('is whole when its last transaction has ended everywhere', async () => {
    const { brokers, epoch } = await committed()
    expect(await isWhole(brokers.port(), epoch, PLACES)).toBe(true)
  })

  it('is not whole when a partition holds its last transaction open', async () => {
    const brokers = await torn(endsRaiseEpochs, 'commit')
    expect(await isWhole(brokers.port(), brokers.described ?? never(), PLACES)).toBe(false)
  })

  it('a producer that goes on learns that another one has taken its place', async () => {
    const { brokers, epoch } = await committed()
    await takeOver(brokers.port(), PLACES)
    expect(await codeOf(isWhole(brokers.port(), epoch, PLACES))).toBe('FENCED')
  })
})

/** Another repairer starts an epoch; `undefined` where that aborts a transaction. */
function startedByAnother(brokers: TornBrokers): Epoch | undefined {
  try {
    return brokers.start('commit')
  } catch {
    return undefined
  }
}

function never(): never {
  throw new Error('the brokers know the producer')
}
