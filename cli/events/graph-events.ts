/** Events for a graph of one's own: each names its key, its value, and its source where there are several. */
import { asShown, decodeApart } from '#core/codec.ts'
import { CaudalError, NotYetReadable, reasonOf } from '#core/errors.ts'
import { HEADER } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Sent, TopicClient } from '#engine/client/topic-client.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import type { TopicNode } from '#topology/topology.ts'
import type { Target } from './feed.ts'
import type { InputEvent } from './input-event.ts'
import { InputFault, refused } from './input-fault.ts'

const FORM = '{"key": "ada", "value": "river"}'
const FIELDS: ReadonlySet<string> = new Set(['source', 'key', 'value'])

/** Throws REJECTED, with the line, at an event that does not say where it goes, or whose value the source does not take. */
export function graphTarget(plan: Plan, log: Log, system: System): Target {
  const client = new TopicClient(plan, log, system)
  const nodes = [...plan.topics.values()].filter(({ kind }) => kind !== 'topic')
  return {
    topics: nodes.map(({ name }) => name),
    batchOf: (event, id) => {
      try {
        return batchOf(client, nodes, event, id)
      } catch (error) {
        throw new InputFault(`line ${event.line}: ${reasonIn(error)}`, error)
      }
    },
  }
}

/** The same for a file of which nothing was fed yet: its REJECTED names the file. */
export function refusing(source: string, target: Target): (event: InputEvent) => void {
  return event => {
    try {
      target.batchOf(event, undefined)
    } catch (error) {
      throw refused(source, `is refused for ${reasonIn(error)}`, error)
    }
  }
}

function reasonIn(error: unknown): string {
  if (error instanceof InputFault) return error.said
  if (error instanceof CaudalError) return String(error.details.reason ?? error.message)
  // What reads JSON takes any depth; what writes it calls itself for each level.
  return error instanceof RangeError ? `it is nested too deep (${error.message})` : reasonOf(error)
}

function batchOf(
  client: TopicClient,
  nodes: readonly TopicNode[],
  { value: bytes }: InputEvent,
  id: string | undefined,
): PartitionBatch {
  const given = fieldsOf(bytes)
  const node = sourceOf(nodes, given.source)
  const sent: Sent<unknown> = {
    value: given.value,
    ...('key' in given && { key: keyOf(given.key) }),
    ...(id !== undefined && { headers: { [HEADER.id]: id } }),
  }
  const [batch] = client.encode(node.name, [sent])
  if (!batch) throw new TypeError('one record has one partition')
  // A codec may write what it does not read: its check is asked here, and not by a dead letter.
  for (const { value } of batch.records) if (value) readBack(node, value)
  return batch
}

function fieldsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const given: unknown = JSON.parse(asShown(bytes))
  const isForm = typeof given === 'object' && given !== null && 'value' in given
  const strange = isForm ? Object.keys(given).find(name => !FIELDS.has(name)) : undefined
  if (!isForm) throw rejected(`it is not written as ${FORM}`)
  if (strange !== undefined) throw rejected(`it has a field ${strange}: ${[...FIELDS].join(', ')} are taken`)
  return { ...given }
}

function sourceOf(nodes: readonly TopicNode[], name: unknown): TopicNode {
  const sources = nodes.filter(({ kind }) => kind === 'source')
  const found = name === undefined ? sources : nodes.filter(each => each.name === name)
  const [first, second] = found
  const known = `there are ${nodes.map(each => each.name).join(', ')}`
  if (!first) throw rejected(`the graph has no source ${JSON.stringify(name)}: ${known}`)
  if (second) throw rejected(`it does not name its source: ${known}`)
  return first
}

function keyOf(key: unknown): string | null {
  if (typeof key === 'string' || key === null) return key
  throw rejected(`its key is ${JSON.stringify(key)}: a text is taken, or null`)
}

function readBack({ codec }: TopicNode, bytes: Uint8Array): void {
  try {
    decodeApart(codec, bytes)
  } catch (error) {
    if (!(error instanceof NotYetReadable)) throw error
  }
}

const rejected = (reason: string) => new CaudalError('REJECTED', { reason })
