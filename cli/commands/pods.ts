/** `caudal pods`: the pods of an application, as they report about themselves. */
import { hasReports, type KnownPod, podsNow } from '#admin/pods.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { count, seconds, table } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'

export const pods = command({
  details: `A pod that has not reported for 10 s is shown as silent: it died, or is cut off from the log. A pod that stops leaves
the list.`,
  positionals: [],
  options: {
    json: { type: 'boolean', description: 'one JSON object a line, with tasks, stages and limits' },
    graph: graphOption,
  },
  examples: ['caudal pods', 'KAFKA_BROKERS=localhost:9092 caudal pods --json'],
  run: context =>
    withLog(
      context,
      async ({ log, plan }) => {
        const { options, stdout, system } = context
        const { application } = plan
        const found = (await hasReports(log, application)) ? await podsNow(log, application, system) : []
        if (options.json) for (const pod of found) stdout.write(`${JSON.stringify(pod)}\n`)
        else stdout.write(`${linesOf(application, found).join('\n')}\n`)
        return EXIT.ok
      },
      context.options,
    ),
})

function linesOf(application: string, pods: readonly KnownPod[]): readonly string[] {
  if (pods.length === 0) return [`no pod of ${application} has reported`]
  const blocked = pods.flatMap(({ pod, tasks }) =>
    tasks.flatMap(({ name, blockedBy }) =>
      blockedBy === undefined ? [] : [`${pod}: ${name} is blocked by ${blockedBy}`],
    ),
  )
  const numbers = ['tasks', 'in flight', 'lag'].map(title => ({ title, align: 'right' as const }))
  const columns = [
    { title: 'pod' },
    { title: 'state' },
    ...numbers,
    { title: 'uncommitted' },
    { title: 'heard' },
    { title: 'release' },
  ]
  return [...table(columns, pods.map(rowOf)), ...blocked]
}

function rowOf(pod: KnownPod): readonly string[] {
  const sum = (of: 'inFlight' | 'lag') => pod.stages.reduce((total, stage) => total + stage[of], 0)
  return [
    ...[pod.pod, pod.isSilent ? 'silent' : pod.phase],
    ...[count(pod.tasks.length), count(sum('inFlight')), count(sum('lag'))],
    ...[seconds(pod.uncommittedAgeMs), `${seconds(pod.heardAgoMs)} ago`, pod.release],
  ]
}
