/**
 * A pod whose graph makes a call for each record and writes its answer; of one record it also writes what the broker refuses.
 * `node refusing-pod.ts SETTINGS`; tells its parent what happens, and ends with it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { codec } from '#core/codec.ts'
import type { EmitOptions } from '#core/context.ts'
import { subscribe } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { topology } from '#topology/index.ts'

export interface RefusingPodSettings {
  readonly application: string
  readonly brokers: readonly string[]
  readonly partitions: number
  /** The record that writes to the other topic too; none where it is -1. */
  readonly special: number
  readonly extraBytes: number
  /** Of its time, against now. */
  readonly extraAheadMs: number
}
export type RefusingPodMessage = { readonly at: number } & (
  | { readonly type: 'started' }
  | { readonly type: 'task'; readonly task: string; readonly to: string }
  | { readonly type: 'said'; readonly level: string; readonly message: string; readonly fields: object }
  | { readonly type: 'failed'; readonly error: string }
)

const CALL_MS = 50
const IN_FLIGHT = 250

const settings: RefusingPodSettings = JSON.parse(process.argv[2] ?? '{}')
const { application, brokers, partitions, special, extraBytes, extraAheadMs } = settings
type Told = RefusingPodMessage extends infer Each
  ? Each extends RefusingPodMessage
    ? Omit<Each, 'at'>
    : never
  : never
const tell = (message: Told) => void (process.connected && process.send?.({ ...message, at: Date.now() }))
const say =
  (level: string) =>
  (message: string, fields: object = {}) =>
    tell({ type: 'said', level, message, fields })

const numbered = codec.json<{ readonly id: number }>('numbered')
const extra = codec.json<string>('extra')
const send = operator({
  name: 'send',
  input: numbered,
  outputs: { out: numbered, extra },
  limits: { inFlightMax: IN_FLIGHT, timeout: 60_000 },
  async process({ value }, ctx) {
    await pause(CALL_MS)
    ctx.emit('out', value)
    if (value.id !== special) return
    const options: EmitOptions = extraAheadMs > 0 ? { timestamp: ctx.now + extraAheadMs } : {}
    ctx.emit('extra', 'x'.repeat(extraBytes), options)
  },
})

const t = topology(application)
const records = t.source(`${application}.in`, { value: numbered, partitions })
records
  .process('send', send)
  .on('out')
  .to(t.topic(`${application}.out`, { value: numbered, partitions }))
  .on('extra')
  .to(t.topic(`${application}.extra`, { value: extra, partitions: 1 }))

process.on('disconnect', () => process.exit(1))
subscribe('caudal:task:state', ({ task, to }) => tell({ type: 'task', task, to }))
const log = await openKafkaLog({
  brokers,
  clientId: application,
  system: realSystem,
  warn: message => say('warn')(message),
})
const logger = { debug() {}, info() {}, warn: say('warn'), error: say('error') }
const running = await run(t.build(), { log, logger })
tell({ type: 'started' })
running.ended.catch(error => {
  tell({ type: 'failed', error: reasonOf(error) })
  process.exit(1)
})
process.once('SIGTERM', async () => {
  await running.stop()
  await log.close()
  process.exit(0)
})
