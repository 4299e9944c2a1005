/** Whose torn transactions a pod ends: its own by a new producer, those of pods that are gone by a fence, nobody else's. */
import { expect, it } from 'vitest'
import { CaudalError, hasCode } from '#core/errors.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import { Leftovers } from '#engine/pod/leftovers.ts'

const TOPIC = { partitions: 1, compacted: true, retentionMs: undefined, id: 'x' }
const PLACES = [{ topic: 'out', partition: 0 }]

/** The actions of each of two looks if these ids have left something, and the errors that both together log. */
async function look(...found: readonly string[]) {
  const fenced: unknown[] = []
  const own: unknown[] = []
  const told: unknown[] = []
  const log: Pick<Log, 'leftovers' | 'fence' | 'describeTopics'> = {
    leftovers: async () => found,
    async fence(id, writes) {
      if (id === 'app-torn')
        throw new CaudalError('TRANSACTION_UNCHECKED', { producer: id, reason: 'code 29' })
      fenced.push([id, writes])
    },
    describeTopics: async () => [
      { ...TOPIC, name: 'app.topology' },
      { ...TOPIC, name: 'app-two.topology' },
    ],
  }
  const membership: Pick<Membership, 'liveMembers'> = {
    liveMembers: async () => new Set(['here:1750000000000:x', 'lives:1750000000000:y']),
  }
  const silent = () => undefined
  const leftovers = new Leftovers({
    application: 'app',
    producer: 'app-here',
    writePlaces: PLACES,
    // It asks the log and the group for no more than this.
    log: log as Log,
    membership: () => membership as Membership,
    logger: { debug: silent, info: silent, warn: silent, error: (_, fields) => void told.push(fields) },
    enqueue: callback => callback(),
    onOwn: error => void own.push(error),
  })
  for (let looks = 0; looks < 2; looks++) {
    leftovers.look()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { fenced: fenced.slice(0, fenced.length / 2), own: own.slice(0, own.length / 2), told }
}

it('fences the producer of a pod that is gone', async () => {
  expect(await look('app-gone')).toMatchObject({ fenced: [['app-gone', PLACES]], own: [] })
})

it('leaves a pod that lives to itself, and other applications alone', async () => {
  expect(await look('app-lives', 'other-gone')).toMatchObject({ fenced: [], own: [] })
})

it('replaces its own producer, and fences nobody for that', async () => {
  const { fenced, own } = await look('app-here')
  expect(fenced).toEqual([])
  expect(own.map(error => hasCode(error, 'COMMIT_ABORTED'))).toEqual([true])
})

it('does nothing where nothing is left', async () => {
  expect(await look()).toEqual({ fenced: [], own: [], told: [] })
})

it('leaves the pods of another application alone whose name begins with its own', async () => {
  expect(await look('app-two-gone')).toMatchObject({ fenced: [], own: [] })
})

it('tells once what it cannot end, and ends what others have left', async () => {
  const { fenced, told } = await look('app-torn', 'app-gone')
  expect(fenced).toEqual([['app-gone', PLACES]])
  const code = 'TRANSACTION_UNCHECKED'
  expect(told).toEqual([{ producer: 'app-torn', code, error: expect.stringContaining(code) }])
})
