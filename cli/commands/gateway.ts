/** `caudal gateway`: the gateway alone, in front of pods that run elsewhere. */
import { accessTo } from '#admin/access.ts'
import { sleep } from '#core/system.ts'
import { Closers } from '../command/closers.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import { closedOnStop, isStop } from '../command/stopping.ts'
import { configurationOf } from '../environment.ts'
import { serveGateway } from '../gateway.ts'
import { openLogLines } from '../logging.ts'
import { openRegistry, reachLog } from '../parts.ts'
import { openStores } from '../stores.ts'
import { modellessTopology } from '../topology.ts'
import { openTraces } from '../tracing.ts'

const DAY_MS = 24 * 3_600_000

export const gateway = command({
  details: `It runs no pod: caudal run or caudal start does, on the same log. Beside a process that holds the embedded log it
reaches the log through that process. GET /openapi.json on HOST and PORT names all routes. It takes callers
with a key of GATEWAY_KEYS_FILE; without that setting it answers this machine alone. While brokers are away it waits for them.`,
  positionals: [],
  options: {},
  examples: ['caudal gateway', 'KAFKA_BROKERS=localhost:9092 PORT=8090 caudal gateway'],
  async run(context) {
    try {
      await serve(context)
    } catch (error) {
      if (!isStop(error, context.signal)) throw error
    }
    return EXIT.ok
  },
})

async function serve({ environment, stdout, stderr, system, signal }: Surroundings): Promise<void> {
  const configuration = configurationOf(environment)
  using lines = openLogLines(configuration, { stdout, stderr, system })
  const { logger } = lines
  await using _traces = await openTraces(configuration, system)
  await using served = await serveGateway(configuration, { system, logger })
  stdout.write(`${served.line}\n`)
  await using opened = new Closers()
  const log = await reachLog(configuration, { system, logger, signal })
  opened.defer(() => log.close())
  opened.defer(closedOnStop(log, signal, system, 0))
  const registry = await openRegistry(configuration, log, system)
  const options = { log, registry, system, logger, signal, doing: 'feeds', isOwn: false } as const
  const { plan } = await accessTo(modellessTopology(configuration), options)
  const stores = await openStores(configuration, { system, logger })
  for (const each of stores.resources) opened.defer(() => each.close())
  await using _questions = await served.open({ log, plan, stores, registry })
  logger.info('the gateway takes questions', { url: served.url })
  // The abort is what it waits for; a process without a timer ends when nothing else keeps it alive.
  while (!signal.aborted) await sleep(system, DAY_MS, signal).catch(() => undefined)
}
