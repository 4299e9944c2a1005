/** What the cluster does to a transaction whose coordinator or leaders fail, and how its clients find and end what was left. */
import { describe, expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { at, batch, simulate, watch } from './simulation.ts'

const PLACES = [at(0), at(1)]
const always = () => true

describe('a coordinator that fails between the decision and the markers', () => {
  const isFirst = ({ partition }: { readonly partition: number }) => partition === 0

  it('completes a commit though a partition got no marker, and what lies there is swept into the next abort', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.tearNext('pod', isFirst, 10)
    await settle(pod.transact([batch(0, 'torn'), batch(1, 'torn')]))
    expect([committed(0), committed(1)]).toEqual([[], ['torn']])
    const next = await producer(client('pod'))
    broker.faults.loseRequest('pod', 'endTransaction')
    await settle(watched(next.transact([batch(0, 'aborted')])))
    await producer(client('pod'))
    expect([committed(0), committed(1)]).toEqual([[], ['torn']])
  })

  it('completes an abort in the same way, and what was aborted is swept into the next commit, across epochs', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.loseRequest('pod', 'endTransaction')
    await settle(watched(pod.transact([batch(0, 'aborted'), batch(1, 'aborted')])))
    broker.faults.tearNext('pod', isFirst, 10)
    const next = await producer(client('pod'))
    await settle(next.transact([batch(0, 'after')]))
    expect([committed(0), committed(1)]).toEqual([['aborted', 'after'], []])
  })

  it.each(['commit', 'abort'] as const)(
    'a coordinator that fails between the decision and the markers leaves nothing to a client that asks before it takes over: a torn %s',
    async how => {
      const { broker, client, settle, committed } = await simulate()
      const { log } = client('pod')
      const pod = await settle(log.startProducer('pod', PLACES))
      if (how === 'abort') broker.faults.loseRequest('pod', 'endTransaction')
      else broker.faults.tearNext('pod', isFirst, 10)
      await settle(watched(pod.transact([batch(0, 'torn'), batch(1, 'torn')])))
      if (how === 'abort') broker.faults.tearNext('pod', isFirst, 10)
      const next = await settle(client('successor').log.startProducer('pod', PLACES))
      expect(broker.inspect.openTransactions()).toEqual([])
      await settle(next.transact([batch(0, 'after'), batch(1, 'after')]))
      const seen = how === 'commit' ? ['torn', 'after'] : ['after']
      expect([committed(0), committed(1)]).toEqual([seen, seen])
    },
  )

  it('a coordinator that fails between the decision and the markers is noticed by a producer that goes on: it writes nothing on top', async () => {
    const { broker, client, settle, committed, time } = await simulate()
    const { log } = client('pod')
    const pod = await settle(log.startProducer('pod', PLACES))
    broker.faults.tearNext('pod', isFirst, 10)
    await settle(pod.transact([batch(0, 'torn'), batch(1, 'torn')]))
    await time.runFor(20)
    const told = watch(pod.transact([batch(0, 'on top')]))
    await time.runFor(5_000)
    expect(told.outcome).toBe('COMMIT_ABORTED')
    expect(await settle(log.leftovers?.(PLACES) ?? Promise.resolve([]))).toEqual(['pod'])
    await settle(log.fence('pod', PLACES))
    expect([committed(0), committed(1)]).toEqual([['torn'], ['torn']])
    expect(await settle(log.leftovers?.(PLACES) ?? Promise.resolve([]))).toEqual([])
  })

  it('a torn transaction is found while its repair is ongoing: the repairing pod may be gone, and any pod may end it', async () => {
    const { broker, client, producer, settle, committed, time } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.tearNext('pod', isFirst, 10)
    await settle(pod.transact([batch(0, 'torn'), batch(1, 'torn')]))
    broker.faults.repairOtherwise('dies', port => ({
      transactionalId: port.transactionalId,
      endsRaiseEpochs: port.endsRaiseEpochs,
      describe: () => port.describe(),
      open: (producerId, places) => port.open(producerId, places),
      start: purpose => port.start(purpose),
      add: (epoch, places) => port.add(epoch, places),
      end: () => new Promise(() => undefined),
      pause: ms => port.pause(ms),
      monotonic: () => port.monotonic(),
      warn: message => port.warn(message),
    }))
    const repair = watch(client('dies').log.fence('pod', PLACES))
    await time.runFor(5_000)
    expect([repair.outcome, committed(0)]).toEqual(['pending', []])
    const { log } = client('survivor')
    expect(await settle(log.leftovers?.(PLACES) ?? Promise.resolve([]))).toEqual(['pod'])
    await settle(log.fence('pod', PLACES))
    expect([committed(0), committed(1)]).toEqual([['torn'], ['torn']])
  })

  it('a coordinator that fails between the decision and the markers is waited for until another one coordinates', async () => {
    const { broker, client, settle, time } = await simulate()
    const pod = await settle(client('pod').log.startProducer('pod', PLACES))
    broker.faults.tearNext('pod', always, 1_000)
    await settle(pod.transact([batch(0, 'torn')]))
    const next = watch(client('successor').log.startProducer('pod', PLACES))
    await time.runFor(900)
    expect(next.outcome).toBe('pending')
    await time.runFor(5_000)
    expect(next.outcome).toBe('resolved')
  })

  it('a coordinator that fails between the decision and the markers does not fail after all', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    broker.faults.tearNext('pod', always, 10)
    broker.faults.loseMarker(at(0))
    broker.faults.tearNothing('pod')
    broker.faults.keepMarkers()
    await settle((await producer(client('pod'))).transact([batch(0, 'a')]))
    expect(committed(0)).toEqual(['a'])
  })
})

describe('an id with a torn transaction', () => {
  it('an id with a torn transaction is not forgotten while something of it is open', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.loseMarker(at(0))
    await settle(pod.transact([batch(0, 'torn')]))
    broker.faults.forgetProducer('pod')
    await settle(client('successor').log.fence('pod', PLACES))
    expect(committed(0)).toEqual(['torn'])
  })

  it('is none whose transaction is ongoing or ending', async () => {
    const { broker, client, producer, settle, time } = await simulate()
    const { log } = client('reader')
    broker.faults.delayRequest('pod', 'endTransaction', 1_000)
    broker.faults.delayMarkers(1_000)
    const told = watch((await producer(client('pod'))).transact([batch(0, 'a')]))
    for (const [afterMs, outcome] of [
      [500, 'pending'],
      [1_000, 'resolved'],
    ] as const) {
      await time.runFor(afterMs)
      expect([told.outcome, await settle(log.leftovers?.(PLACES) ?? Promise.resolve(['none']))]).toEqual([
        outcome,
        [],
      ])
    }
  })
})

describe('a write that reaches one broker and not another', () => {
  it('a write that reaches one broker and not another does not take place, in either', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.splitWrite('pod')
    expect(await settle(watched(pod.transact([batch(0, 'x'), batch(1, 'x')])))).toBe('COMMIT_ABORTED')
    expect(broker.inspect.openTransactions()).toMatchObject([{ partition: 0 }])
    const next = await producer(client('pod'))
    await settle(next.transact([batch(0, 'after'), batch(1, 'after')]))
    expect([committed(0), committed(1)]).toEqual([['after'], ['after']])
  })
})

describe('compaction', () => {
  it('compaction keeps a tombstone until it is old enough, and then drops it', async () => {
    const { broker, client, settle, time } = await simulate(1, { tombstoneRetentionMs: 1_000 })
    const { log } = client('pod')
    const table = { name: 'table', partitions: 1, compacted: true, retentionMs: undefined }
    await settle(log.createTopics([table]))
    const record = (value: Uint8Array | null) => ({
      key: Buffer.from('k'),
      value,
      headers: NO_HEADERS,
      timestamp: 0,
    })
    await settle(log.append([{ topic: 'table', partition: 0, records: [record(Buffer.from('v'))] }]))
    await settle(log.append([{ topic: 'table', partition: 0, records: [record(null)] }]))
    const kept = () => (broker.inspect.committed('table')[0] ?? []).map(({ value }) => value)
    broker.clean()
    expect(kept()).toEqual([null])
    await time.runFor(1_100)
    broker.clean()
    expect(kept()).toEqual([])
    expect(broker.inspect.bounds({ topic: 'table', partition: 0 })).toEqual({ start: 0, end: 2 })
  })
})

/** How it ended, as a promise. */
function watched(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: { readonly code: string }) => error.code,
  )
}
