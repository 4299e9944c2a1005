/** A database that does not answer: how long its callers wait. */
import { expect, it } from 'vitest'
import type { Unavailable } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { Database } from '#stores/postgres/database.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

/** Nothing listens here. */
const URL_AWAY = 'postgres://127.0.0.1:1/answers'

it('a database that does not answer is asked again after pauses that grow up to the longest of its row', async () => {
  const time = new VirtualTime(1)
  const database = new Database({ url: URL_AWAY, connectionsMax: 1, system: time.system, logger: silent })
  const pausesMs: number[] = []
  for (let failures = 0; failures < 5; failures++) {
    const error = await database.query({ text: 'select 1' }).then(
      () => expect.unreachable(),
      (each: Unavailable) => each,
    )
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    const before = time.system.monotonic()
    await time.settle(Promise.resolve(error.ready))
    pausesMs.push(time.system.monotonic() - before)
  }
  await database.close()
  expect(pausesMs).toEqual([250, 500, 1_000, 2_000, 2_000])
})
