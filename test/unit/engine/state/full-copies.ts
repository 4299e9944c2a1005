/**
 * A process whose files may not grow. It fills a local copy until there is no room, makes room, and goes on. It prints its
 * findings as JSON.
 */
import { execFileSync } from 'node:child_process'
import { hasCode } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import { lmdbStores, type StoreDiagnosis } from '#engine/state/lmdb-store.ts'
import type { Store } from '#engine/state/store.ts'

const [what = '', path = ''] = process.argv.slice(2)
const TASK = { application: 'app', topicId: 'topic-1', stage: 'count', partition: 0 }
const told: StoreDiagnosis[] = []
const stores = lmdbStores({ path, system: realSystem, diagnose: each => told.push(each) })
const failures: string[] = []

async function tried(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (!hasCode(error, 'STORE_FAILED')) throw error
    failures.push(String(error))
    return false
  }
}

let position = 0
async function apply(store: Store): Promise<boolean> {
  position++
  store.apply(
    [
      [`vo/s/${position}`, Buffer.alloc(2_000, position)],
      [`to/t/${position}`, Buffer.alloc(8)],
    ],
    position,
  )
  return tried(() => store.flush())
}

function contentOf(store: Store) {
  const wrong = Array.from({ length: position }, (_, index) => index + 1).filter(
    each => store.get(`vo/s/${each}`)?.[0] !== each % 256,
  )
  return { size: store.size, position: store.position, wrong }
}

if (what === 'open') {
  const store = await stores.open(TASK).catch(error => void failures.push(String(error)))
  process.stdout.write(JSON.stringify({ failures, told, opened: store !== undefined }))
  await store?.close()
} else {
  const store = await stores.open(TASK)
  while (await apply(store)) if (position > 10_000) break
  const fullAt = position
  for (let times = 0; times < 5; times++) await apply(store)
  const whenFull = contentOf(store)
  execFileSync('prlimit', [`--pid=${process.pid}`, '--fsize=unlimited'])
  const went = await apply(store)
  const afterwards = contentOf(store)
  await store.close()
  const again = await stores.open(TASK)
  const reopened = contentOf(again)
  await again.close()
  process.stdout.write(JSON.stringify({ fullAt, failures, told, whenFull, went, afterwards, reopened }))
}
