/** `caudal state get`: what an operator has stored under a key. */
import { asShown } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import type { MapState, ValueState } from '#core/operator.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { decodeDue, isExpired, unframe } from '#engine/state/frame.ts'
import { type Entry, parseEntry } from '#engine/state/layout.ts'
import type { OperatorNode, Stage } from '#topology/index.ts'
import { command, EXIT } from '../command/command.ts'
import { graphOption } from '../graph-file.ts'
import { type Tool, withLog } from '../tool.ts'
import { decoded } from '../values.ts'

interface Found {
  readonly state: string
  /** Name within a map. */
  readonly name?: string
  readonly value: unknown
  /** Its time to live is over; the operator does not see it any more. */
  readonly expired?: true
}

export const stateGet = command({
  name: 'state get',
  summary: 'Shows what an operator has stored under a key: values, maps and timers',
  details: 'Read from the state topic, where it is as of the last commit.',
  positionals: ['OPERATOR', 'KEY'],
  options: { json: { type: 'boolean', description: 'one JSON object a line' }, graph: graphOption },
  examples: [
    'caudal state get admit es-01',
    'caudal state get admit es-01 --json',
    'caudal state get count ada --graph ./first.ts',
  ],
  run: context =>
    withLog(
      context,
      async tool => {
        const { positionals, options, stdout, stderr, system } = context
        const [operator = '', key = ''] = positionals
        const found = await read(tool, operator, key, system.now())
        for (const each of found) stdout.write(`${options.json ? JSON.stringify(each) : lineOf(each)}\n`)
        if (found.length > 0) return EXIT.ok
        stderr.write(`${operator} has stored nothing under ${key}\n`)
        return EXIT.notFound
      },
      context.options,
    ),
})

async function read(
  { log, plan }: Tool,
  operator: string,
  key: string,
  now: number,
): Promise<readonly Found[]> {
  const stage = plan.stages.find(({ operators }) => operators.has(operator))
  const node = stage?.operators.get(operator)
  if (!stage || !node)
    throw new CaudalError('REJECTED', { reason: `there is no operator ${operator}; ${known(plan.stages)}` })
  const own = partitionOf(Buffer.from(key), stage.partitions)
  const entries = new Map<string, Uint8Array | null>()
  await readAll(log, stage.stateTopic, (record, partition) => {
    if (partition === own && record.key) entries.set(asShown(record.key), record.value)
  })
  const found = [...entries].map(async ([text, bytes]) => {
    const entry = parseEntry(text)
    if (!bytes || !entry || !('key' in entry) || entry.operator !== operator || entry.key !== key) return []
    return [await shown(entry, bytes, node, now)]
  })
  return (await Promise.all(found)).flat()
}

const known = (stages: readonly Stage[]): string =>
  `there are ${stages.flatMap(({ operators }) => [...operators.keys()]).join(', ')}`

type Keyed = Extract<Entry, { readonly key: string }>

async function shown(
  entry: Keyed,
  bytes: Uint8Array,
  { operator }: OperatorNode,
  now: number,
): Promise<Found> {
  if (entry.kind === 'timer')
    return { state: `timer ${entry.name}`, value: new Date(decodeDue(bytes)).toISOString() }
  const declared: ValueState<unknown> | MapState<unknown> | undefined = operator.state[entry.state]
  if (!declared) return { state: entry.state, value: '(not declared any more)' }
  return {
    state: entry.state,
    ...(entry.kind === 'map' && { name: entry.name }),
    value: await decoded(declared.codec, unframe(bytes, entry.state)),
    ...(isExpired(bytes, declared.ttlMs, now) && { expired: true }),
  }
}

function lineOf({ state, name, value, expired }: Found): string {
  return `${state}${name === undefined ? '' : `[${name}]`} = ${JSON.stringify(value)}${expired ? ' (expired)' : ''}`
}
