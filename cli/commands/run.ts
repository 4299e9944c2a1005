/** `caudal run`: one pod, for a server. */
import { sleep } from '#engine/core/system.ts'
import { command, EXIT } from '../command.ts'
import { configurationOf } from '../configuration.ts'
import { jsonLogger } from '../logger.ts'
import { openPipeline } from '../pipeline.ts'

const DAY_MS = 24 * 3_600_000

export const run = command({
  name: 'run',
  summary: 'Runs one pod of the pipeline until it is stopped, feeding nothing',
  details: `Log lines are JSON on the standard error. On SIGTERM what is in flight is finished, committed and handed over.
Any other end is an error and an exit code above 0: let a supervisor start it again.`,
  positionals: [],
  options: {},
  examples: [
    'caudal run',
    'KAFKA_BROKERS=localhost:9092 POD_NAME=pod-1 OPENAI_API_KEY=... caudal run',
    'LOG_LEVEL=debug caudal run',
  ],
  async run({ environment, stderr, system, signal }) {
    const configuration = configurationOf(environment)
    const logger = jsonLogger({ write: line => stderr.write(line), level: configuration.logLevel, system })
    await using pipeline = await openPipeline(configuration, { system, logger, signal })
    const { application, podName } = configuration
    logger.info('the pod runs', { application, pod: podName, model: pipeline.model })
    const stopped = stoppedBy(signal, system)
    await Promise.race([stopped, pipeline.running.ended])
    logger.info('the pod stops', { application, pod: podName })
    return EXIT.ok
  },
})

/** A process without a timer ends when nothing else keeps it alive, as when its brokers are away. */
async function stoppedBy(signal: AbortSignal, system: Parameters<typeof sleep>[0]): Promise<void> {
  // The abort is what it waits for.
  while (!signal.aborted) await sleep(system, DAY_MS, signal).catch(() => undefined)
}
