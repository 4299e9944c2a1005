/** `caudal start`: the whole pipeline in this terminal, fed with a sample or with one's own file. */
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Summary } from '#admin/status.ts'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { type CommandContext, command, EXIT } from '../command/command.ts'
import { isStop } from '../command/stopping.ts'
import type { Configuration } from '../configuration.ts'
import { emptyDataFolder } from '../data-folder.ts'
import { configurationOf } from '../environment.ts'
import { begun, openEvents } from '../events/events.ts'
import { isEmbedded } from '../parts.ts'
import { type Input, runSession, type SessionEnd } from '../terminal/session.ts'
import { planOf } from '../topology.ts'
import { openWebhooks } from '../webhooks.ts'

/** It was stopped before it could do anything. */
const UNFINISHED: SessionEnd = { summary: undefined, isDrained: false, blockedBy: [], refusedBy: [] }
const SAMPLE = fileURLToPath(new URL('../../pipelines/sample/questions.ndjson', import.meta.url))

export const start = command({
  details: `Nothing else is needed: the log is on the disk, in DATA_DIR, and without a key a simulated model answers.
Events are fed once: a run that was stopped or killed goes on where it was. When everything is answered it goes
on serving until it is stopped, and takes questions that are typed in, or asked over HTTP on HOST and PORT as of
caudal gateway. With KAFKA_BROKERS set it is a pod on Kafka: it feeds only what --input names, and on HOST and PORT
it answers GET /live and GET /ready too, as caudal run does.`,
  positionals: [],
  options: {
    exit: { type: 'boolean', description: 'end when everything is answered' },
    'fail-if-any': {
      type: 'boolean',
      description: 'end with code 7 when a question has failed, or an event is invalid or too large',
    },
    json: { type: 'boolean', description: 'write the summary as one JSON object on the last line' },
    input: {
      type: 'string',
      value: 'FILE',
      description: 'feed this file (JSON lines, a JSON array or CSV; .gz too) instead of the sample',
    },
    csv: { type: 'boolean', description: 'the input is CSV, whatever its name' },
    fresh: {
      type: 'boolean',
      description: 'empty DATA_DIR first: log, state and what is known of purchases',
    },
  },
  examples: [
    'caudal start',
    'caudal start --exit --json | tail -n 1',
    'caudal start --fresh --input questions.csv',
    'caudal start --exit --csv --input - < questions.csv',
    'OPENAI_API_KEY=... LLM_MODEL=gpt-4o-mini caudal start --input questions.ndjson',
    'OPENAI_BASE_URL=http://localhost:11434/v1 LLM_MODEL=llama3.2 caudal start',
  ],
  async run(context) {
    const { environment, options, system } = context
    const configuration = configurationOf(environment)
    const source = options.input ?? (isEmbedded(configuration) ? SAMPLE : undefined)
    // Before anything is emptied: a name that was mistyped must not cost what is there.
    const input = source === undefined ? undefined : await inputOf(source, context)
    if (options.fresh) await emptyOnceChecked(configuration, { ...context, input })
    const session = runSession(configuration, {
      ...context,
      input,
      exit: options.exit,
      began: system.monotonic(),
    })
    const { summary, isDrained, blockedBy, refusedBy } = await session.catch(error => {
      if (isStop(error, context.signal)) return UNFINISHED
      throw error
    })
    if (options.json && summary) context.stdout.write(`${JSON.stringify(summary)}\n`)
    if (blockedBy.length > 0) {
      for (const reason of blockedBy) context.stderr.write(`caudal start: a task is blocked: ${reason}\n`)
      return EXIT.blocked
    }
    for (const reason of refusedBy)
      context.stderr.write(`caudal start: ${reason}. What has no answer is answered at the next start\n`)
    if (refusedBy.length > 0) return EXIT.configuration
    if (options['fail-if-any'] && summary && faultsIn(summary) > 0) return EXIT.someFailed
    return isDrained || !options.exit ? EXIT.ok : EXIT.interrupted
  },
})

const faultsIn = ({ failed, invalid, too_large }: Summary): number => failed + invalid + too_large

interface InputOptions {
  readonly input: string | undefined
  readonly csv: boolean
  readonly fresh: boolean
}

async function inputOf(
  source: string,
  { options, stdin }: Pick<CommandContext<InputOptions>, 'options' | 'stdin'>,
): Promise<Input> {
  const { input, csv, fresh } = options
  if (csv && input === undefined)
    throw new CaudalError('REJECTED', { reason: '--csv says what --input names: give --input FILE, or -' })
  const file = await openEvents(source, stdin, csv || undefined)
  return { name: basename(source), file: fresh && file.eventsTotal === undefined ? await begun(file) : file }
}

/** What would end the start at once, and a file without events, are no reason to lose what is there. */
async function emptyOnceChecked(
  configuration: Configuration,
  { input, ...context }: Pick<CommandContext, 'system'> & { readonly input: Input | undefined },
): Promise<void> {
  if (input?.file.isEmpty) {
    const reason = `${input.name} has no events: nothing was fed, and DATA_DIR was not emptied`
    throw new CaudalError('REJECTED', { reason })
  }
  await openWebhooks(configuration, { ...context, logger: silent })
  planOf(configuration) // Throws where the graph, or a file that it needs, has faults.
  await empty(configuration, context)
}

function empty(configuration: Configuration, { system }: Pick<CommandContext, 'system'>): Promise<void> {
  if (isEmbedded(configuration)) return emptyDataFolder(configuration, system)
  throw new CaudalError('CONFIGURATION_INVALID', {
    faults: '--fresh empties DATA_DIR; with KAFKA_BROKERS set the log is not there',
  })
}
