/** When a partition that refuses its writes counts as unwritable: a list of what happened to it and to others, each at its second. */
import { expect, it } from 'vitest'
import { FailingPlaces, failedWrite } from '#engine/log/kafka/failing-places.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

type Event = readonly [second: number, what: 'fails' | 'takes' | 'another takes']

const [PLACE, OTHER] = [
  { topic: 'out', partition: 3 },
  { topic: 'out', partition: 4 },
]

/** The seconds at which it counts as unwritable, with a limit of 30 s. */
async function unwritableAt(events: readonly Event[]): Promise<readonly number[]> {
  const time = new VirtualTime(1)
  const places = new FailingPlaces({ system: time.system, unavailableAfterMs: 30_000 })
  const found: number[] = []
  for (const [second, what] of events) {
    await time.runFor(second * 1_000 - time.system.monotonic())
    if (what === 'takes') places.written(PLACE)
    else if (what === 'another takes') places.written(OTHER)
    else if (places.failed(failedWrite(PLACE, 56, 'the disk is gone'))) found.push(second)
  }
  return found
}

const failing = (...seconds: readonly number[]): Event[] =>
  seconds.flatMap(second => [[second, 'another takes'] as const, [second, 'fails'] as const])

it.each<readonly [string, readonly Event[], readonly number[]]>([
  ['has refused for the limit', failing(0, 10, 20, 30), [30]],
  ['has refused for less', failing(0, 10, 20, 29), []],
  ['has refused twice only', failing(0, 40), []],
  ['has taken a write meanwhile', [...failing(0, 20), [25, 'takes'], ...failing(30, 35)], []],
  ['refuses as all others do', [0, 10, 20, 30, 40].map(second => [second, 'fails']), []],
  [
    'has refused alone at first, and then all others refuse too',
    [...failing(0, 10, 20), [30, 'fails'], [40, 'fails']],
    [],
  ],
  ['has refused long ago, and now again', failing(0, 5, 100, 105, 110), []],
  ['was unwritable, and refuses a try much later', failing(0, 10, 30, 200), [30, 200]],
  [
    'was unwritable, and refuses again before any other is written',
    [...failing(0, 10, 30), [31, 'fails']],
    [30, 31],
  ],
  [
    'was unwritable, took a write, and refuses one',
    [...failing(0, 10, 30), [60, 'takes'], ...failing(70)],
    [30],
  ],
])('a partition that %s counts as unwritable only where it should', async (_what, events, expected) => {
  expect(await unwritableAt(events)).toEqual(expected)
})

it('the error names the partition, the code, what the broker says and a remedy', async () => {
  const time = new VirtualTime(1)
  const places = new FailingPlaces({ system: time.system, unavailableAfterMs: 2 })
  const fail = async () => {
    await time.runFor(1)
    places.written(OTHER)
    return places.failed(failedWrite(PLACE, 56, 'the disk is gone'))
  }
  expect([await fail(), await fail()]).toEqual([undefined, undefined])
  expect((await fail())?.message).toBe(
    'PARTITION_UNWRITABLE: out/3 takes no write, while other partitions do: KAFKA_STORAGE_ERROR (code 56); the disk is gone; ' +
      'look at the disks (log.dirs) of the broker that leads it. The task tries again by itself',
  )
})
