/**
 * A program that embeds the engine, `node embedded-pod.ts SETTINGS`: log and copies of state in one folder. It counts the records
 * that it sends itself, for a given time, and reports each output to its parent. At the end it opens the log once more and looks
 * for records that are not there exactly once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { codec } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { realSystem } from '#core/system.ts'
import { type Running, run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/index.ts'
import type { Log } from '#engine/log/log.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import { topology } from '#topology/index.ts'

export interface EmbeddedPodSettings {
  readonly folder: string
  readonly perSecond: number
  readonly durationMs: number
}
export type EmbeddedPodMessage =
  | { readonly type: 'outputs'; readonly at: number; readonly count: number }
  | { readonly type: 'said'; readonly at: number; readonly level: string; readonly message: string }
  | { readonly type: 'sendFailed'; readonly at: number; readonly reason: string }
  | {
      readonly type: 'judged'
      readonly sent: number
      readonly lost: number
      readonly doubled: number
      readonly miscounted: number
    }

const PARTITIONS = 4
const KEYS = 500
/** Records of some size take pages of their own. */
const TEXT = 'x'.repeat(2_000)
const TICK_MS = 20
const RETRY_MS = 100
const ANSWERED_WITHIN_MS = 60_000
const settings: EmbeddedPodSettings = JSON.parse(process.argv[2] ?? '{}')
const tell = (message: EmbeddedPodMessage) => void process.send?.(message)

const numbered = codec.json<{ readonly id: number }>('numbered')
const counted = codec.json<{
  readonly id: number
  readonly key: string
  readonly count: number
  readonly text: string
}>('counted')
const total = codec.json<number>('total')
const count = operator({
  name: 'count',
  input: numbered,
  outputs: { counted },
  state: { total: state.value(total) },
  process(record, ctx) {
    const now = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(now)
    ctx.emit('counted', { id: record.value.id, key: ctx.key ?? '', count: now, text: TEXT })
  },
})
const graph = topology('full-disk')
const input = graph.source('numbers', { value: numbered, partitions: PARTITIONS, partitionedByKey: true })
const output = graph.topic('counts', { value: counted, partitions: PARTITIONS })
input.process('count', count).to(output)
const built = graph.build()

const open = () => openEmbeddedLog({ path: `${settings.folder}/log`, system: realSystem })
const say = (level: string) => (message: string) => tell({ type: 'said', at: Date.now(), level, message })
const logger = { debug() {}, info() {}, warn: say('warn'), error: say('error') }

async function start(log: Log): Promise<Running> {
  const stores = lmdbStores({
    path: `${settings.folder}/state`,
    system: realSystem,
    diagnose: ({ event, reason }) => tell({ type: 'said', at: Date.now(), level: event, message: reason }),
  })
  return run(built, { log, stores, logger })
}

let seen = 0
async function watch(running: Running): Promise<void> {
  for await (const _ of running.follow(output)) {
    seen++
    if (seen % 10 === 0) tell({ type: 'outputs', at: Date.now(), count: seen })
  }
}

async function send(running: Running): Promise<number> {
  const begun = performance.now()
  let sent = 0
  while (performance.now() - begun < settings.durationMs) {
    const due = Math.floor(((performance.now() - begun) * settings.perSecond) / 1_000)
    const records = Array.from({ length: due - sent }, (_, index) => {
      const id = sent + index
      return { key: `k${id % KEYS}`, value: { id } }
    })
    await sendAll(running, records)
    sent += records.length
    await pause(TICK_MS)
  }
  return sent
}

/** What does not fit is sent once there is room. */
async function sendAll(running: Running, records: { key: string; value: { id: number } }[]): Promise<void> {
  for (;;) {
    try {
      return await running.send(input, ...records)
    } catch (error) {
      if (!(error instanceof CaudalError)) throw error
      tell({ type: 'sendFailed', at: Date.now(), reason: reasonOf(error) })
      await pause(RETRY_MS)
    }
  }
}

let log = await open()
const running = await start(log)
void running.ended.catch(error => {
  tell({ type: 'said', at: Date.now(), level: 'ended', message: reasonOf(error) })
  process.exit(1)
})
const watching = watch(running)
const sent = await send(running)
const latest = performance.now() + ANSWERED_WITHIN_MS
while (seen < sent && performance.now() < latest) await pause(TICK_MS)
await running.stop()
await log.close()
await watching
log = await open()
tell({ type: 'judged', ...(await judge(log)) })
await log.close()
process.disconnect()

async function judge(from: Log) {
  const owed = new Map<number, number>()
  const owe = (id: number, by: number) => owed.set(id, (owed.get(id) ?? 0) + by)
  for (const record of await readAll(from, 'numbers')) owe(numbered.decode(record).id, 1)
  const outputs = (await readAll(from, 'counts')).map(record => counted.decode(record))
  for (const { id } of outputs) owe(id, -1)
  const counts = [...owed.values()]
  const places = new Set(outputs.map(each => `${each.key}/${each.count}`))
  return {
    sent,
    lost: counts.filter(each => each > 0).length,
    doubled: counts.filter(each => each < 0).length,
    miscounted: outputs.length - places.size,
  }
}

async function readAll(from: Log, topic: string): Promise<Uint8Array[]> {
  const values: Uint8Array[] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const [bounds] = await from.bounds([{ topic, partition }])
    const reader = from.openReader({ topic, partition }, bounds?.start ?? 0)
    for (let next = bounds?.start ?? 0; next < (bounds?.end ?? 0); ) {
      const { records, nextOffset } = await reader.next(1_000)
      for (const each of records) values.push(each.value ?? new Uint8Array())
      next = nextOffset
    }
    reader.close()
  }
  return values
}
