/** A process that writes to an LMDB store until it is killed, and says after each commit how far it has come. */
import { writeSync } from 'node:fs'
import { realSystem } from '#core/system.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'

const [path = '', gatheredBytesMax = '0'] = process.argv.slice(2)
const factory = lmdbStores({
  path,
  system: realSystem,
  gatheredBytesMax: Number(gatheredBytesMax),
  diagnose: ({ event, reason }) => void writeSync(1, `${event} ${reason}\n`),
})
const store = await factory.open({ application: 'app', stage: 'count', partition: 0, topicId: 'topic-1' })
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** Commit number n writes its number into entry n modulo 500 and into `vlast`, and deletes an entry now and then. */
for (let n = (store.position ?? 0) + 1; ; n++) {
  const bytes = Buffer.from(String(n).padEnd(200))
  store.apply(
    [
      [`vkey-${n % 500}`, bytes],
      [`vgone-${n}`, bytes],
      [`vgone-${n - 10}`, null],
      ['vlast', bytes],
    ],
    n,
  )
  writeSync(1, `${n}\n`)
  if (n % 7 === 0) await turn()
  // On a busy machine a whole run may pass before the first flush: something must be on disk when it is killed.
  if (n % 1_500 === 0) await store.flush()
}
