/** Opens one LMDB store after another until one is refused, and prints its error. Run with few files allowed. */
import { CaudalError } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'

const [path = ''] = process.argv.slice(2)
const stores = lmdbStores({ path, system: realSystem })
try {
  for (let partition = 0; partition < 1_000; partition++)
    await stores.open({ application: 'app', stage: 'count', partition, topicId: 'topic-1' })
  process.stdout.write('all opened\n')
} catch (error) {
  process.stdout.write(error instanceof CaudalError ? `${error.message}\n` : `not ours: ${error}\n`)
}
process.exit()
