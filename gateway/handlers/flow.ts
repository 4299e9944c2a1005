/** `GET /flow`: how records move through the pods, each second. */
import type { Flow } from '#admin/flow.ts'
import { type Call, type Gateway, operation, type Sink } from '../operation.ts'
import { Problem } from '../problem.ts'
import { seesAll } from './acting.ts'
import { mayKnow } from './brakes.ts'

/** So many may look at once: what they cost is bounded. */
const LISTENERS_MAX = 20

export const flow = operation({
  name: 'flow',
  summary:
    'Streams how records move: the graph, the last 15 minutes, then every second each stage and what holds it up.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: {
      at: { type: 'integer', description: 'When, milliseconds since the epoch.' },
      bottleneck: {
        type: 'object',
        properties: {
          code: { type: 'string', description: 'Which rule holds.' },
          stage: { type: 'string', description: 'Where.' },
          text: { type: 'string', description: 'The sentence, in English.' },
        },
        required: ['code', 'text'],
        additionalProperties: true,
      },
    },
    required: ['at'],
    additionalProperties: true,
    description:
      'The event `graph` has stages, topics and edges; `past` the points of the last minutes; `flow` the figures of this second.',
  },
  isStream: true,
  problems: ['store_absent', 'too_many_streams'],
  run({ flow: watch }, _, call) {
    if (!watch) return new Problem('store_absent', { detail: 'This gateway does not watch pods.' })
    if (watch.listeners >= LISTENERS_MAX) return new Problem('too_many_streams', { retryAfterS: 10 })
    return { kind: 'stream', open: sink => stream(watch, call, sink) }
  },
})

/** A caller of one organisation learns nothing of what stops another. */
async function stream(watch: NonNullable<Gateway['flow']>, call: Call, sink: Sink): Promise<void> {
  const send = (kind: string, at: number, data: object) => sink.send({ id: `${kind}-${at}`, kind, data })
  const { graph, points } = watch
  const seen = () => (seesAll(call) ? watch.now : watch.nowFor(scope => mayKnow(call, scope)))
  const now = seen()
  send('graph', now.at, graph)
  send('past', now.at, columnsOf(points))
  const show = (flow: Flow) => send('flow', flow.at, roundedOff(flow))
  show(now)
  sink.onEnd(watch.listen(() => show(seen())))
}

/** A list for each figure: names would be the most of it. */
const columnsOf = (points: NonNullable<Gateway['flow']>['points']) => ({
  at: points.map(({ at }) => at),
  in: points.map(point => rounded(point.in)),
  out: points.map(({ out }) => rounded(out)),
  waiting: points.map(({ waiting }) => waiting),
})

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 100) / 100

/** No figure needs more than three digits behind the point. */
const roundedOff = (flow: Flow): object =>
  JSON.parse(
    JSON.stringify(flow, (_, value) =>
      typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value,
    ),
  )
