/** `caudal config`: prompts, model, weights and limits of task types, changed while the pipeline runs. */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { type Change, changesIn, changeTaskType, resetTaskType } from '#admin/task-configs.ts'
import { isLoose } from '#answers/fields.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { type CommandContext, command, EXIT } from '../command/command.ts'
import { table } from '../terminal/text-table.ts'
import { withLog, writeLine } from '../tool.ts'

export const configSet = command({
  details: `FILE, or - for the standard input, has a JSON object with what is changed: system, user, model, temperature,
tokens_max, threshold, weights, attempts_max, cost_limit_usd. What it leaves out is as declared, whatever an earlier
change said. The version counts up unless it is given. With a fault nothing is written, and all are named.`,
  positionals: ['TASK_TYPE', 'FILE'],
  options: { json: { type: 'boolean', description: 'write the result as one JSON object' } },
  examples: [
    'caudal config set qa change.json',
    `echo '{"threshold": 7, "model": "gpt-4o"}' | caudal config set qa -`,
  ],
  async run(context) {
    const [taskType = '', source = '-'] = context.positionals
    // Before any topic is created: a name that was mistyped leaves nothing behind.
    const declared = await declaredIn(source, context)
    return await withLog(
      context,
      async ({ log, values }) => {
        const config = await changeTaskType({ log, values, system: context.system }, taskType, declared)
        context.stdout.write(
          context.options.json
            ? `${JSON.stringify({ task_type: taskType, config })}\n`
            : `${taskType} is under change ${versionOf(config)}\n`,
        )
        return EXIT.ok
      },
      { doing: 'writes' },
    )
  },
})

export const configUnset = command({
  positionals: ['TASK_TYPE'],
  options: { json: { type: 'boolean', description: 'write the result as one JSON object' } },
  examples: ['caudal config unset qa'],
  run: context =>
    withLog(context, async ({ log, values }) => {
      const [taskType = ''] = context.positionals
      if (!(await resetTaskType({ log, values, system: context.system }, taskType))) {
        context.stderr.write(`${taskType} is not changed\n`)
        return EXIT.notFound
      }
      context.stdout.write(
        context.options.json
          ? `${JSON.stringify({ task_type: taskType, config: null })}\n`
          : `${taskType} is as declared\n`,
      )
      return EXIT.ok
    }),
})

export const configList = command({
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object a line' } },
  examples: ['caudal config list', 'caudal config list --json | jq .config'],
  run: context =>
    withLog(context, async ({ log, values }) => {
      const all = [...(await changesIn(log, values)).values()]
      const changes = all.filter(({ config }) => config !== undefined)
      const lines = context.options.json ? changes.map(each => JSON.stringify(rowOf(each))) : tableOf(changes)
      for (const line of lines) await writeLine(context.stdout, line)
      return EXIT.ok
    }),
})

async function declaredIn(source: string, { stdin }: Pick<CommandContext, 'stdin'>): Promise<unknown> {
  try {
    return JSON.parse(source === '-' ? await text(stdin) : readFileSync(source, 'utf8'))
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${source} cannot be read: ${reasonOf(error)}` }, error)
  }
}

const versionOf = (config: unknown): string => (isLoose(config) ? String(config.version) : '')

const rowOf = ({ taskType, config, faults }: Change) => ({ task_type: taskType, config, faults })

function tableOf(changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return ['no task type is changed']
  return table(
    [
      { title: 'task type' },
      { title: 'change', align: 'right' },
      { title: 'what it says', widthMax: 80 },
      { title: 'left out for', widthMax: 80 },
    ],
    changes.map(({ taskType, config, faults }) => [
      taskType,
      versionOf(config),
      saidBy(config),
      faults.join('; '),
    ]),
  )
}

function saidBy(config: unknown): string {
  if (!isLoose(config)) return String(config)
  const said = Object.entries(config).filter(
    ([name, value]) => !['task_type', 'version'].includes(name) && value !== undefined && value !== null,
  )
  return said.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')
}
