/** `caudal config`: prompts, model, weights and limits of task types, changed while the pipeline runs. */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { type Change, changesIn } from '#admin/task-configs.ts'
import { VersionDesk } from '#admin/version-desk.ts'
import { isLoose } from '#answers/fields.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { actorHere, reasonGiven, reasonOption } from '../actor.ts'
import { type CommandContext, command, EXIT } from '../command/command.ts'
import { table } from '../terminal/text-table.ts'
import { type Tool, withLog, writeLine } from '../tool.ts'

const json = { type: 'boolean', description: 'write the result as one JSON object' } as const

export const configSet = command({
  details: `FILE, or - for the standard input, has a JSON object with what is changed: system, user, model, temperature,
tokens_max, threshold, weights, attempts_max, cost_limit_usd. What it leaves out is as declared, whatever an earlier
change said. The version counts up unless it is given. With a fault nothing is written, and all are named.
What was changed is written to ${TOPICS.audit}.`,
  positionals: ['TASK_TYPE', 'FILE'],
  options: { json, reason: reasonOption },
  examples: [
    `caudal config set qa change.json --reason 'it answers better'`,
    `echo '{"threshold": 7, "model": "gpt-4o"}' | caudal config set qa -`,
  ],
  async run(context) {
    const [taskType = '', source = '-'] = context.positionals
    // Before any topic is created: a name that was mistyped leaves nothing behind.
    const declared = await declaredIn(source, context)
    const order = { taskType, why: reasonGiven(context.options.reason), actor: actorHere('config') }
    return await withLog(
      context,
      async tool => {
        const config = await deskOf(tool, context).change(order, declared)
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
  details: `It is written to ${TOPICS.audit}.`,
  positionals: ['TASK_TYPE'],
  options: { json, reason: reasonOption },
  examples: ['caudal config unset qa', `caudal config unset qa --reason 'too dear'`],
  run: context =>
    withLog(context, async tool => {
      const [taskType = ''] = context.positionals
      const order = { taskType, why: reasonGiven(context.options.reason), actor: actorHere('config') }
      if (!(await deskOf(tool, context).reset(order))) {
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

const deskOf = ({ log, plan }: Tool, { system }: Pick<CommandContext, 'system'>): VersionDesk =>
  new VersionDesk({ log, plan, system, taskTypes: TASK_TYPES })

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
