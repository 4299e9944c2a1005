/** `caudal run`: one pod, for a server. */
import { sleep } from '#core/system.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import { isStop } from '../command/stopping.ts'
import { configurationOf } from '../environment.ts'
import { openLogLines } from '../logging.ts'
import { openPipeline } from '../pipeline.ts'
import { serveProbes } from '../serving.ts'
import { openTraces } from '../tracing.ts'

const DAY_MS = 24 * 3_600_000

export const run = command({
  details: `Log lines are JSON on the standard error. On SIGTERM what is in flight is finished, committed and handed over.
Any other end is an error and an exit code above 0: let a supervisor start it again. While brokers are away it waits
for them. On HOST and PORT, GET /live is 200 while the pod steps, GET /ready while all its tasks run and the log
answers; else they are 503, with the reasons as JSON.`,
  positionals: [],
  options: {},
  examples: [
    'caudal run',
    'KAFKA_BROKERS=localhost:9092 POD_NAME=pod-1 OPENAI_API_KEY=... caudal run',
    'PORT=8081 caudal run & curl http://127.0.0.1:8081/ready',
    'LOG_LEVEL=info,engine/log/kafka=debug caudal run',
  ],
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
  await using probes = await serveProbes(configuration, { system, logger })
  await using traces = await openTraces(configuration, system)
  const options = { system, logger, signal, interceptor: traces.interceptor }
  await using pipeline = await openPipeline(configuration, options)
  probes.watch(pipeline)
  const { application, podName } = configuration
  logger.info('the pod runs', { application, pod: podName, model: pipeline.model })
  const stopped = stoppedBy(signal, system)
  await Promise.race([stopped, pipeline.running.ended])
  logger.info('the pod is stopping', { application, pod: podName })
}

/** A process without a timer ends when nothing else keeps it alive, as when its brokers are away. */
async function stoppedBy(signal: AbortSignal, system: Parameters<typeof sleep>[0]): Promise<void> {
  // The abort is what it waits for.
  while (!signal.aborted) await sleep(system, DAY_MS, signal).catch(() => undefined)
}
