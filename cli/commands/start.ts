/** `caudal start`: the whole pipeline in this terminal, fed with a sample or with one's own file. */
import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep } from '#engine/core/system.ts'
import { run } from '#engine/runtime/run.ts'
import { answers } from '#pipelines/answers.ts'
import { command, EXIT } from '../command.ts'
import { configurationOf } from '../configuration.ts'
import { eventsOfFile } from '../events.ts'
import { feed } from '../feed.ts'
import { behind, podLag } from '../lag.ts'
import { jsonLogger } from '../logger.ts'
import { logFolder, openLog, openModel, openStores, stateFolder } from '../parts.ts'
import { summaryOf } from '../summary.ts'
import { Tally } from '../tally.ts'

const SAMPLE = fileURLToPath(new URL('../../pipelines/sample/questions.ndjson', import.meta.url))
const TICK_MS = 200
const CALL_TIMEOUT_MS = 5_000
const DEMO = {
  latency: { kind: 'lognormal', medianMs: 350, sigma: 0.4 },
  rateLimited: 0.05,
  failing: 0.03,
  malformed: 0.02,
  retryAfterMs: 500,
} as const

export const start = command({
  name: 'start',
  summary:
    'Runs the answer pipeline here: log on disk, simulated model unless a key is set, fed with a sample',
  positionals: [],
  options: {
    exit: { type: 'boolean', description: 'end when everything is answered, with a summary' },
    json: { type: 'boolean', description: 'the last line is the summary as one JSON object' },
    input: {
      type: 'string',
      value: 'FILE',
      description: 'events of your own, .ndjson or .csv, instead of the sample',
    },
    fresh: { type: 'boolean', description: 'empty DATA_DIR first' },
  },
  examples: ['npm start', 'npm start -- --exit --json', 'npm start -- --fresh --input questions.csv'],
  async run({ environment, options, stdout, stderr, system, signal }) {
    const configuration = configurationOf(environment)
    const logger = jsonLogger({ stream: stderr, level: 'warn', system })
    const began = system.now()
    let log = await openLog(configuration, system)
    if (options.fresh) {
      await log.close()
      for (const folder of [logFolder(configuration), stateFolder(configuration)])
        rmSync(folder, { recursive: true, force: true })
      log = await openLog(configuration, system)
    }
    const { model, description, server, close } = await openModel(configuration, {
      system,
      profile: DEMO,
      timeoutMs: CALL_TIMEOUT_MS,
    })
    stdout.write(`Model: ${description}\n`)
    const topology = answers({
      name: configuration.application,
      model,
      threshold: configuration.threshold,
      attemptsMax: configuration.attemptsMax,
      retryBaseMs: 500,
      retryCapMs: 2_000,
      inFlightMax: configuration.inFlightMax,
      timeoutMs: 20_000,
    })
    const stores = openStores(configuration, system, logger)
    const running = await run(topology, { log, name: configuration.podName, stores, logger, system })
    const input = options.input ?? SAMPLE
    const { fed } = await feed({ log, system, events: eventsOfFile(input), once: basename(input) })
    stdout.write(`Fed: ${fed} events of ${input}\n`)
    const tally = new Tally()
    await tally.start(log, system, running.plan.deadLetterTopic)
    while (!signal.aborted) {
      const lags = await podLag(log, running.plan, running.pod)
      if (behind(lags) === 0 && running.pod.isIdle && tally.open <= 0) break
      await sleep(system, TICK_MS)
    }
    tally.close()
    await running.stop()
    await log.close()
    const boughtTwice = server?.stats().boughtTwice ?? 0
    await close()
    const summary = summaryOf(tally.figures, boughtTwice, (system.now() - began) / 1_000)
    stdout.write(`${JSON.stringify(summary)}\n`)
    return EXIT.ok
  },
})
