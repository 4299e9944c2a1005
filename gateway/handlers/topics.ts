/** `GET /topics`: the topics of the application, with their offsets and who reads them. */
import type { ListedTopic } from '#admin/topic-list.ts'
import { type Call, found, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { seesAll } from './acting.ts'
import { refusal } from './asking.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

/** One topic as a caller sees it. */
export const TOPIC = {
  type: 'object',
  properties: {
    topic: text('Its name.'),
    kind: text('source, topic, table, delay, state, dead_letters, or internal for what is beside the graph.'),
    compacted: { type: 'boolean', description: 'Whether it keeps the newest record of each key alone.' },
    retention_ms: whole('How long records are kept; absent where for ever.'),
    offsets_max: whole(
      'Offsets that it has: so many records at most. Markers of transactions have offsets too, and compaction leaves gaps.',
    ),
    partitions: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          partition: whole('From 0.'),
          first: whole('The first offset that is kept.'),
          next: whole('The offset behind the last one that can be read now.'),
        },
        required: ['partition', 'first', 'next'],
        additionalProperties: false,
      },
    },
    readers: {
      type: 'array',
      items: {
        type: 'object',
        properties: { stage: text('Which stage reads it.'), lag: whole('Offsets that it has not done.') },
        required: ['stage', 'lag'],
        additionalProperties: false,
      },
    },
  },
  required: ['topic', 'kind', 'compacted', 'offsets_max', 'partitions', 'readers'],
  additionalProperties: false,
} as const

export const topics = operation({
  name: 'topics',
  summary: 'Lists the topics of the application with their partitions, offsets and readers.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: { topics: { type: 'array', items: TOPIC } },
    required: ['topics'],
    additionalProperties: false,
  },
  problems: ['organization_bound', 'store_absent', 'log_unavailable', 'stopping'],
  async run({ topics: desk }, _, call) {
    if (!seesAll(call)) return boundTo(call)
    if (!desk) return noDesk()
    try {
      return found({ topics: (await desk.list()).map(topicView) })
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

function topicView({ name, kind, compacted, retentionMs, partitions, readers }: ListedTopic): object {
  return {
    ...{ topic: name, kind, compacted },
    ...(retentionMs !== undefined && { retention_ms: retentionMs }),
    offsets_max: partitions.reduce((sum, { start, end }) => sum + end - start, 0),
    partitions: partitions.map(({ partition, start, end }) => ({ partition, first: start, next: end })),
    readers,
  }
}

/** Records of one topic are of many organisations. */
export const boundTo = ({ caller }: Call): Problem =>
  new Problem('organization_bound', {
    detail: `It shows what belongs to every organisation; the key sees ${caller.organization || 'its own'} alone. Ask a gateway without keys on its own machine.`,
  })

export const noDesk = (): Problem =>
  new Problem('store_absent', { detail: 'This gateway does not read topics.' })
