/**
 * A pod as a process of its own, as in production: `node pod.ts SETTINGS`, SIGTERM hands over and ends it. It tells its
 * parent what happens, and ends with it.
 */
import { join } from 'node:path'
import { subscribe } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { graphWithAudit } from './audit.ts'
import { graphOf, type Round } from './graph.ts'
import { ModelClient } from './model-client.ts'
import { type ClockStep, nameOf, type PodEvent, type PodMessage, type PodSettings } from './pod-settings.ts'

const settings: PodSettings = JSON.parse(process.argv[2] ?? '{}')
const pod = nameOf(settings, process.pid)

function tell(event: PodEvent): void {
  const message: PodMessage = { ...event, at: Date.now() }
  if (process.connected) process.send?.(message)
}

const say =
  (level: string) =>
  (message: string, fields: object = {}) =>
    tell({ type: 'log', level, message, fields })
const logger: Logger = { debug() {}, info: say('info'), warn: say('warn'), error: say('error') }

function end(code: number): void {
  if (process.connected) process.disconnect()
  process.exit(code)
}

subscribe('caudal:group:joined', ({ generation, tasks }) => tell({ type: 'joined', generation, tasks }))
subscribe('caudal:task:state', ({ task, to }) => tell({ type: 'task', task, to }))
subscribe('caudal:fence', ({ producer }) => tell({ type: 'fence', producer }))
subscribe('caudal:commit:failed', ({ error }) => tell({ type: 'commitFailed', error: reasonOf(error) }))
subscribe('caudal:commit', ({ durationMs }) => tell({ type: 'commit', durationMs }))

let clockOffMs = 0
const system: System = { ...realSystem, now: () => realSystem.now() + clockOffMs }
process.on('message', (step: ClockStep) => {
  clockOffMs = step.clockOffMs
})

const model = new ModelClient(settings.modelUrl, pod)
const { application, partitions, inFlightMax, timeoutMs } = settings
const ask = async (asked: Round, call: { readonly signal: AbortSignal; readonly id: string }) => {
  const reply = await model.ask(asked, call)
  tell({ type: 'answered', call: call.id })
  return reply
}
const version = settings.hasAudit ? graphWithAudit : graphOf
const graph = version({ application, pod, partitions, inFlightMax, timeoutMs, ask })

function storesIn(path: string): StoreFactory {
  return lmdbStores({
    path,
    system,
    diagnose: ({ event, task, reason }) => logger.warn(`copy ${event}: ${reason}`, { task }),
  })
}

process.on('disconnect', () => process.exit(1))
const log = await openKafkaLog({
  brokers: settings.brokers,
  clientId: settings.name,
  system,
  route: address => address.replace(/\d+$/, port => String(Number(port) + settings.portShift)),
  requestTimeout: settings.requestTimeoutMs,
  warn: message => logger.warn(message),
})
const running = await run(graph, {
  ...{ log, name: settings.name, limits: settings.limits, logger, system },
  ...(settings.copiesIn === undefined ? {} : { stores: storesIn(join(settings.copiesIn, settings.name)) }),
})
tell({ type: 'started' })
running.ended.catch(error => {
  tell({ type: 'failed', error: error instanceof Error ? `${error.stack}` : String(error) })
  end(1)
})
process.once('SIGTERM', async () => {
  await running.stop()
  await log.close()
  end(0)
})
