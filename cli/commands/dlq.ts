/** `caudal dlq`: what failed for good, and sending it again. */

import { chosenOf, type Failure, failuresIn, shownFailure } from '#admin/failures.ts'
import { replayReasoned } from '#admin/reasoned-replay.ts'
import { TOPICS } from '#answers/topics.ts'
import { cut } from '#core/cut.ts'
import { CaudalError } from '#core/errors.ts'
import { actorHere, reasonGiven, reasonOption } from '../actor.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { LiveView, progressLine } from '../terminal/live-view.ts'
import { count, table, things } from '../terminal/text-table.ts'
import { withLog, writeLine } from '../tool.ts'

const json = { type: 'boolean', description: 'one JSON object a line' } as const

export const dlqList = command({
  positionals: [],
  options: { json, graph: graphOption },
  examples: ['caudal dlq list', 'caudal dlq list --json | jq -r .id', 'caudal dlq list --graph ./triage.ts'],
  run: context =>
    withLog(
      context,
      async tool => {
        const { options, stdout } = context
        const failures = await failuresIn(tool)
        const lines = options.json ? failures.map(each => JSON.stringify(rowOf(each))) : tableOf(failures)
        for (const line of lines) await writeLine(stdout, line)
        return EXIT.ok
      },
      context.options,
    ),
})

export const dlqShow = command({
  details:
    'The value of a dead letter is read by the codec of its topic; one that the codec refuses is shown as text.',
  positionals: ['ID'],
  options: {
    json: { type: 'boolean', description: 'one JSON object a line' },
    graph: graphOption,
  },
  examples: [`caudal dlq show ${TOPICS.raw}/3/17`, 'caudal dlq show words/0/1 --graph ./words.ts'],
  run: context =>
    withLog(
      context,
      async tool => {
        const { positionals, options, stdout, stderr } = context
        const found = (await failuresIn(tool)).filter(({ id }) => id === positionals[0])
        for (const failure of found) {
          const shown = await shownFailure(failure, tool)
          stdout.write(`${JSON.stringify(shown, undefined, options.json ? 0 : 2)}\n`)
        }
        if (found.length > 0) return EXIT.ok
        stderr.write(`nothing with the id ${positionals[0]} failed, or it was sent again\n`)
        return EXIT.notFound
      },
      context.options,
    ),
})

export const dlqReplay = command({
  details: `Each failure is sent once, also where several replay in the same moment. The replay finds the results of paid steps for
seven days. Dead letters that other readers of their topic would take once more are refused, with what to do instead.
Invalid events cannot be replayed: put corrected ones in with caudal produce.
A replay of the answer pipeline is written to ${TOPICS.audit}.`,
  positionals: ['[ID...]'],
  options: {
    all: { type: 'boolean', description: 'everything that can be sent again' },
    json: { type: 'boolean', description: 'write the result as one JSON object' },
    reason: reasonOption,
    graph: graphOption,
  },
  examples: ['caudal dlq replay es-41', `caudal dlq replay --all --reason 'the fault is fixed'`],
  run: context =>
    withLog(
      context,
      async tool => {
        const { positionals, options, stdout, stderr, system, signal } = context
        if (options.all === positionals.length > 0)
          throw new CaudalError('REJECTED', { reason: 'name the ids, or give --all' })
        const { failures, missing } = chosenOf(await failuresIn(tool), options.all ? 'all' : positionals)
        const view = new LiveView(stderr)
        const began = system.monotonic()
        const done = await replayReasoned(tool, failures, {
          ...{ target: 'failures', why: reasonGiven(options.reason), actor: actorHere('dlq') },
          ...{ system, signal },
          onProgress: ({ sent }) => {
            if (view.isLive)
              view.draw([progressLine('failures', sent, failures.length, system.monotonic() - began)])
          },
        })
        view.clear()
        for (const id of missing) stderr.write(`nothing with the id ${id} failed, or it was sent again\n`)
        stdout.write(
          options.json
            ? `${JSON.stringify({ replayed: done.sent })}\n`
            : `${things(done.sent, 'failure')} sent again\n`,
        )
        if (missing.length > 0) return EXIT.notFound
        return done.sent + done.leftOut < failures.length ? EXIT.interrupted : EXIT.ok
      },
      { doing: 'changes', graph: context.options.graph },
    ),
})

function rowOf({ kind, id, node, reason, attempts, failedAt }: Failure) {
  return { id, kind, node, attempts, failed_at: new Date(failedAt).toISOString(), reason }
}

function tableOf(failures: readonly Failure[]): readonly string[] {
  return table(
    [
      { title: 'id' },
      { title: 'kind' },
      { title: 'node' },
      { title: 'attempts', align: 'right' },
      { title: 'failed at' },
      { title: 'reason', widthMax: 120 },
    ],
    failures
      .map(rowOf)
      .map(row => [row.id, row.kind, row.node, count(row.attempts), row.failed_at, cut(row.reason)]),
  )
}
