/** Whose torn transactions a pod ends: its own by a new producer, those of pods that are gone by a fence, nobody else's. */
import { expect, it } from 'vitest'
import { hasCode } from '#engine/core/errors.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import { Leftovers } from '#engine/runtime/leftovers.ts'

const PLACES = [{ topic: 'out', partition: 0 }]

/** What one look does where these ids have left something. */
async function look(...found: readonly string[]) {
  const fenced: unknown[] = []
  const own: unknown[] = []
  const log: Pick<Log, 'leftovers' | 'fence'> = {
    leftovers: async () => found,
    fence: async (id, writes) => void fenced.push([id, writes]),
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
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    enqueue: callback => callback(),
    onOwn: error => void own.push(error),
  })
  leftovers.look()
  await new Promise(resolve => setImmediate(resolve))
  return { fenced, own }
}

it('fences the producer of a pod that is gone', async () => {
  expect(await look('app-gone')).toEqual({ fenced: [['app-gone', PLACES]], own: [] })
})

it('leaves a pod that lives to itself, and other applications alone', async () => {
  expect(await look('app-lives', 'other-gone')).toEqual({ fenced: [], own: [] })
})

it('replaces its own producer, and fences nobody for that', async () => {
  const { fenced, own } = await look('app-here')
  expect(fenced).toEqual([])
  expect(own.map(error => hasCode(error, 'COMMIT_ABORTED'))).toEqual([true])
})

it('does nothing where nothing is left', async () => {
  expect(await look()).toEqual({ fenced: [], own: [] })
})
