/** `caudal brake`: stops calls of models, for all or for some, until somebody lets them go again. */
import { brakesIn, type KnownBrake, releaseBrake, setBrake } from '#admin/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import { DURATION_REMEDY, durationMs } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import { actorHere } from '../actor.ts'
import { command, EXIT } from '../command/command.ts'
import { table } from '../terminal/text-table.ts'
import { withLog, writeLine } from '../tool.ts'

const json = { type: 'boolean', description: 'write the result as one JSON object' } as const
const reason = { type: 'string', value: 'TEXT', description: 'why, for all who see it' } as const

export const brakeSet = command({
  details: `SCOPE is everything, organization:NAME, task_type:NAME or model:NAME; organization: stands for questions of no organisation.
No new call begins within a second, on any pod. Calls in flight end, and are counted. Questions wait as they are,
and spend no attempt. A brake outlives the pods. What was set is written to ${TOPICS.audit}.`,
  positionals: ['SCOPE'],
  options: {
    json,
    reason,
    until: {
      type: 'string',
      value: 'TIME',
      description: 'end by itself: a time of ISO 8601, or so long from now, such as 2h',
    },
  },
  examples: [
    `caudal brake set everything --reason 'the bill of today'`,
    `caudal brake set organization:acme --reason 'asks in a loop' --until 2h`,
    `caudal brake set model:gpt-4o --reason 'too dear' --until 2030-01-31T08:00:00Z`,
  ],
  run: context =>
    withLog(
      context,
      async ({ log }) => {
        const { positionals, options, stdout, system } = context
        const [scope = ''] = positionals
        const until = endOf(options.until, system.now())
        const wanted = { scope, reason: given(options.reason), until }
        const brake = await setBrake({ log, system, actor: actorHere('brake') }, wanted)
        stdout.write(
          options.json
            ? `${JSON.stringify(viewOf({ scope, brake, fault: undefined }))}\n`
            : `a brake on ${scope} is set${until === undefined ? '' : ` until ${iso(until)}`}: no new call begins within a second\n`,
        )
        return EXIT.ok
      },
      { doing: 'feeds' },
    ),
})

export const brakeRelease = command({
  details: `The first call begins within two seconds. What waited goes on where it was. It is written to ${TOPICS.audit}.`,
  positionals: ['SCOPE'],
  options: { json, reason },
  examples: [`caudal brake release everything --reason 'paid'`],
  run: context =>
    withLog(
      context,
      async ({ log }) => {
        const { positionals, options, stdout, stderr, system } = context
        const [scope = ''] = positionals
        const released = await releaseBrake(
          { log, system, actor: actorHere('brake') },
          scope,
          given(options.reason),
        )
        if (!released) {
          stderr.write(`there is no brake on ${scope}; caudal brake list shows all\n`)
          return EXIT.notFound
        }
        stdout.write(
          options.json
            ? `${JSON.stringify({ scope, released: true })}\n`
            : `the brake on ${scope} is released\n`,
        )
        return EXIT.ok
      },
      { doing: 'feeds' },
    ),
})

export const brakeList = command({
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object a line' } },
  examples: ['caudal brake list', 'caudal brake list --json | jq -r .scope'],
  run: context =>
    withLog(context, async ({ log }) => {
      const { options, stdout, system } = context
      const brakes = await brakesIn(log, system.now())
      const lines = options.json ? brakes.map(each => JSON.stringify(viewOf(each))) : tableOf(brakes)
      for (const line of lines) await writeLine(stdout, line)
      return EXIT.ok
    }),
})

function given(text: string | undefined): string {
  if (text !== undefined) return text
  throw new CaudalError('REJECTED', { reason: 'say why: --reason TEXT' })
}

const UNITS = ['ms', 's', 'm', 'h', 'd'] as const

function endOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const [, amount, letter] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? []
  const unit = UNITS.find(each => each === letter)
  const time = unit ? now + durationMs(`${Number(amount)}${unit}`) : Date.parse(text)
  if (Number.isSafeInteger(time)) return time
  throw new CaudalError('REJECTED', {
    reason: `--until ${text} is no time: write a time of ISO 8601, or so long from now (${DURATION_REMEDY})`,
  })
}

const iso = (ms: number): string => new Date(ms).toISOString()

const viewOf = ({ scope, brake, fault }: KnownBrake) => ({
  scope,
  ...(brake && { reason: brake.reason, who: brake.who, since: iso(brake.since) }),
  ...(typeof brake?.until === 'number' && { until: iso(brake.until) }),
  ...(fault !== undefined && { fault }),
})

function tableOf(brakes: readonly KnownBrake[]): readonly string[] {
  if (brakes.length === 0) return ['no brake is set']
  return table(
    [
      { title: 'scope', widthMax: 60 },
      { title: 'since' },
      { title: 'until' },
      { title: 'who', widthMax: 30 },
      { title: 'reason', widthMax: 80 },
      { title: 'record that is left out', widthMax: 80 },
    ],
    brakes
      .map(viewOf)
      .map(row => [
        row.scope,
        row.since ?? '',
        row.until ?? '',
        row.who ?? '',
        row.reason ?? '',
        row.fault ?? '',
      ]),
  )
}
