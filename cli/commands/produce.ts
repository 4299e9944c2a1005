/** `caudal produce`: events from a file or the standard input into `datos_crudos`. */
import { basename } from 'node:path'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import { type InputFile, isNamedCsv, openEvents } from '../events/events.ts'
import { type Fed, feed, type Target } from '../events/feed.ts'
import { graphTarget, refusing } from '../events/graph-events.ts'
import { graphOption } from '../graph-file.ts'
import { LiveView, progressLine } from '../terminal/live-view.ts'
import { things } from '../terminal/text-table.ts'
import { type Tool, withLog } from '../tool.ts'

export const produce = command({
  details: `The file is JSON lines, one JSON array, or CSV whose first row names the fields; in UTF-8 or UTF-16, .gz too.
Fields are id, user_id, task_type, title, text, content, best_answer; a title or a text is needed, the rest may be absent.
A file that cannot be read, or most of whose lines are no questions, is refused whole with the reason. A single question
at fault is fed, and ends in ${TOPICS.failed} with every fault named. A stream is refused by its first line; a fault
behind that ends the feeding, and the error says how many events were fed. A line that is
too large for the topic is left out with its number: the exit code is then 2. SOURCE_TOPIC names another topic. Without --once, the
same file fed twice is asked twice, except for questions whose id is known.
With --graph each line is {"key": "ada", "value": "river"}, and has "source" too where the graph has several sources.
The source's codec writes the value. A file with a value that the codec does not take is refused whole.`,
  positionals: ['FILE'],
  options: {
    csv: { type: 'boolean', description: 'the input is CSV, whatever its name' },
    once: {
      type: 'boolean',
      description: 'pass over lines of this file that were put in before, by an earlier try',
    },
    json: { type: 'boolean', description: 'write the result as one JSON object' },
    graph: graphOption,
  },
  examples: [
    'caudal produce questions.ndjson',
    'caudal produce --once questions.csv',
    `echo '{"title": "What is a fuse for?"}' | caudal produce -`,
    'caudal produce words.ndjson --graph ./words.ts',
  ],
  async run(context) {
    const [source = '-'] = context.positionals
    const { options, stdin } = context
    // Before any topic is created: a name that was mistyped leaves nothing behind.
    const opened =
      options.graph === undefined ? await openEvents(source, stdin, options.csv || undefined) : undefined
    return await withLog(
      context,
      async tool => {
        const { log, plan, isOwn } = tool
        const target = isOwn ? graphTarget(plan, log, context.system) : undefined
        if (target && (options.csv || isNamedCsv(source))) throw csvRefused(source)
        const file =
          opened ?? (await openEvents(source, stdin, undefined, target && refusing(source, target)))
        const fed = await fedFrom(file, tool, { ...context, target, once: options.once && basename(source) })
        const topics = target?.topics ?? [TOPICS.raw]
        context.stdout.write(options.json ? `${asJson(fed)}\n` : `${inWords(fed, topics)}\n`)
        if (context.signal.aborted) return EXIT.interrupted
        return fed.tooLarge > 0 ? EXIT.usage : EXIT.ok
      },
      // Values of a graph of one's own have schemas, which others must be able to find.
      { doing: options.graph === undefined ? 'feeds' : 'writes', graph: options.graph },
    )
  },
})

interface Feeding extends Surroundings {
  readonly target: Target | undefined
  /** The name that makes each event known again; false where every event is new. */
  readonly once: string | false
}

function fedFrom({ events, eventsTotal }: InputFile, { log }: Tool, feeding: Feeding): Promise<Fed> {
  const { stderr, system, signal, target, once } = feeding
  const began = system.monotonic()
  const view = new LiveView(stderr)
  const feeds = feed({
    log,
    system,
    events,
    target,
    signal,
    ...(once !== false && { once }),
    onTooLarge: (line, bytes) =>
      view.note(`line ${line} was not fed: it has ${bytes} bytes, ${log.recordBytesMax} are taken at most`),
    onProgress: done => {
      if (view.isLive) view.draw([progressLine('events', done, eventsTotal, system.monotonic() - began)])
    },
  })
  return feeds.finally(() => view.clear())
}

const asJson = ({ fed, known, tooLarge }: Fed): string =>
  JSON.stringify({ produced: fed, known, too_large: tooLarge })

const inWords = ({ fed, known }: Fed, topics: readonly string[]): string =>
  `${things(fed, 'event')} put into ${topics.join(', ')}${known > 0 ? `, ${known} were there` : ''}`

const csvRefused = (source: string) =>
  new CaudalError('REJECTED', {
    reason: `${source} is CSV: for a graph of your own write one JSON object a line; nothing of it was fed`,
  })
