/** `caudal results`: the delivered answers. */

import { TOPICS } from '#answers/topics.ts'
import type { Delivered } from '#answers/types.ts'
import { cut } from '#core/cut.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { followOutcomes } from '#pipelines/outcomes.ts'
import { command, EXIT, type Screen } from '../command/command.ts'
import { withLog, writeLine } from '../tool.ts'

export const results = command({
  positionals: [],
  options: {
    follow: { type: 'boolean', description: 'go on with the answers to come, until stopped' },
    json: { type: 'boolean', description: 'one JSON object a line, with the scores of each criterion' },
  },
  examples: [
    'caudal results',
    'caudal results --json | jq -r "[.final, .title, .answer] | @tsv"',
    'KAFKA_BROKERS=localhost:9092 caudal results --follow --json',
  ],
  run: context =>
    withLog(context, async ({ log, plan, values }) => {
      const { options, stdout, system, signal } = context
      const delivered = (each: Delivered) => write(stdout, each, options.json)
      if (!options.follow) {
        await readAll(log, TOPICS.delivered, async ({ value }) => {
          if (value) await delivered(await values.read(TOPICS.delivered, value))
        })
        return EXIT.ok
      }
      const following = await followOutcomes({ log, plan, system, from: 'start' }, { delivered })
      signal.addEventListener('abort', () => following.close(), { once: true })
      if (signal.aborted) following.close()
      await following.ended
      return EXIT.ok
    }),
})

function write(stdout: Screen, delivered: Delivered, asJson: boolean): Promise<void> | undefined {
  return writeLine(stdout, asJson ? JSON.stringify(resultOf(delivered)) : lineOf(delivered))
}

function resultOf(delivered: Delivered) {
  const { id, task_type, title, answer, scores, final, below_threshold, attempts, model } = delivered
  const { prompt_version, cost_usd } = delivered
  return {
    id,
    task_type,
    title,
    answer,
    scores,
    final,
    below_threshold,
    attempts,
    model,
    prompt_version,
    cost_usd,
  }
}

function lineOf({ id, task_type, title, answer, final, below_threshold, attempts }: Delivered): string {
  const score = `${final.toFixed(1)}${below_threshold ? ' (below the threshold)' : ''}`
  return `${id}  ${task_type}  ${score}  ${attempts}x  ${cut(title, 60)} -> ${cut(answer, 200)}`
}
