/** `caudal produce`: events from a file or the standard input into `datos_crudos`. */
import { basename } from 'node:path'
import { TOPICS } from '#answers/topics.ts'
import { command, EXIT } from '../command/command.ts'
import { openEvents } from '../events/events.ts'
import { feed } from '../events/feed.ts'
import { LiveView, progressLine } from '../terminal/live-view.ts'
import { things } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'

export const produce = command({
  name: 'produce',
  summary: `Puts events from a file, or - for the standard input, into ${TOPICS.raw}`,
  details: `JSON lines, or CSV whose first row names the fields: id, user_id, task_type, title, text, content,
best_answer. Nothing is checked here: what is no event ends in ${TOPICS.failed} with every fault named.`,
  positionals: ['FILE'],
  options: {
    csv: { type: 'boolean', description: 'the input is CSV, whatever its name' },
    once: {
      type: 'boolean',
      description: 'pass over lines of this file that were put in before, by an earlier try',
    },
    json: { type: 'boolean', description: 'write the result as one JSON object' },
  },
  examples: [
    'caudal produce questions.ndjson',
    'caudal produce --once questions.csv',
    `echo '{"title": "What is a fuse for?"}' | caudal produce -`,
  ],
  run: context =>
    withLog(
      context,
      async ({ log }) => {
        const { positionals, options, stdin, stdout, stderr, system, signal } = context
        const source = positionals[0] ?? '-'
        const began = system.monotonic()
        const view = new LiveView(stderr)
        const { events, bytesTotal } = await openEvents(source, stdin, options.csv || undefined)
        const { fed, known, tooLarge } = await feed({
          log,
          system,
          events,
          signal,
          ...(options.once && { once: basename(source) }),
          onTooLarge: (line, bytes) =>
            view.note(
              `line ${line} was not fed: it has ${bytes} bytes, ${log.recordBytesMax} are taken at most`,
            ),
          onProgress: (fed, bytesRead) => {
            // How many lines there will be is guessed from those read.
            const total = bytesTotal === undefined ? undefined : Math.round((fed * bytesTotal) / bytesRead)
            if (view.isLive) view.draw([progressLine('events', fed, total, system.monotonic() - began)])
          },
        })
        view.clear()
        if (options.json) stdout.write(`${JSON.stringify({ produced: fed, known, too_large: tooLarge })}\n`)
        else
          stdout.write(
            `${things(fed, 'event')} put into ${TOPICS.raw}${known > 0 ? `, ${known} were there` : ''}\n`,
          )
        if (signal.aborted) return EXIT.interrupted
        return tooLarge > 0 ? EXIT.usage : EXIT.ok
      },
      { doing: 'feeds' },
    ),
})
