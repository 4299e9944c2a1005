/**
 * Emissions of an operator on their way to a topic, a delay tier or a fused operator. An emission to a topic is encoded at once.
 * So a bad value fails where it was emitted.
 */
import { passApart } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { headersOf, readable, withHeader } from '#core/headers.ts'
import { HEADER, type Headers, type NewRecord } from '#core/record.ts'
import type { Output } from '#engine/commit/outlets.ts'
import { encodeDelay, nextHop } from './delay-route.ts'
import { Delivery, Emitted } from './delivery.ts'
import { outputId } from './identity.ts'
import type { Job } from './job.ts'
import type { Emission } from './node-context.ts'
import type { RunServices } from './pod-context.ts'
import { checkedKey } from './record-key.ts'
import type { ProgramRoute } from './stage-program.ts'
import { checkMoment, checkTime, timeOf } from './times.ts'

type TopicRoute = ProgramRoute & { kind: 'topic' }
type OperatorRoute = ProgramRoute & { kind: 'operator' }

/** What emitting needs of a run. */
export interface Emitting {
  readonly job: Job
  readonly task: { readonly pod: RunServices }
  readonly now: number
  readonly outputs: Output[]
  deliver(delivery: Delivery): void
}

export function emit(run: Emitting, emission: Emission): void {
  const { from, output, index, route, options } = emission
  checkTime(from.node.name, `timestamp of output ${output}`, options.timestamp)
  checkMoment(from.node.name, `notBefore of output ${output}`, options.notBefore, run.now)
  const headers = options.headers ? withTexts(from, options.headers) : from.headers
  if (route.kind === 'topic') return toTopic(run, emission, route, headers)
  refuseTime(emission)
  const isOwn = !('key' in options)
  const keyFault = isOwn ? from.keyFault : undefined
  const key = keyFault ? run.job.key : isOwn ? from.key : checkedKey(from.node.name, options.key)
  if (route.node.stateful && key !== run.job.key) {
    const reason = `a stage has one key: ${route.node.name} keeps state under the key of its stage; use a topic between`
    throw new CaudalError('KEY_INVALID', { node: from.node.name, reason })
  }
  const timestamp = options.timestamp ?? from.timestamp
  const origin = new Emitted(from, output, index)
  const value = handOver(emission, route)
  run.deliver(new Delivery(route.node, route.input, { key, keyFault, value, timestamp, headers, origin }))
}

function toTopic(run: Emitting, emission: Emission, route: TopicRoute, headers: Headers): void {
  const { from, output, index, value, options } = emission
  const { outlets } = run.task.pod
  const node = from.node.name
  const id = outputId(from.id, node, output, index)
  const own = withHeader(headers, HEADER.id, Buffer.from(id, 'latin1'))
  const record: NewRecord = {
    key: keyOf(run, emission, route),
    value: outlets.encode(route.outlet, node, value),
    headers: run.task.pod.interceptor?.emit ? withAdded(run, emission, route, id, own) : own,
    timestamp: options.timestamp ?? from.timestamp,
  }
  if (route.tiers.length > 0)
    return toDelay(run, node, route, record, id, timeOf(options.notBefore ?? 0, run.now))
  refuseTime(emission)
  run.outputs.push({ slot: outlets.place(route.outlet, node, record, id), record })
}

/** With what is added around the work of the pod. */
function withAdded(run: Emitting, emission: Emission, route: TopicRoute, id: string, own: Headers): Headers {
  const { from, options } = emission
  const waits = route.tiers.length > 0 && options.notBefore !== undefined
  const due = waits ? timeOf(options.notBefore ?? 0, run.now) : undefined
  const { name: node } = from.node
  const info = { node, topic: route.outlet.topic, id, from: run.job.id, headers: readable(own), due }
  return { ...own, ...headersOf(node, run.task.pod.interceptor?.emit?.(info) ?? {}) }
}

function toDelay(
  run: Emitting,
  node: string,
  route: TopicRoute,
  record: NewRecord,
  id: string,
  due: number,
): void {
  const { outlets } = run.task.pod
  const hop = nextHop(route.tiers, run.now, due)
  const tier = hop.kind === 'tier' && route.tiers.find(({ waitMs }) => waitMs === hop.waitMs)
  if (!tier) {
    run.outputs.push({ slot: outlets.place(route.outlet, node, record, id), record })
    return
  }
  const delay = encodeDelay({ due, target: route.outlet.topic, enteredAt: run.now })
  const delayed = { ...record, headers: withHeader(record.headers, HEADER.delay, delay) }
  run.outputs.push({ slot: outlets.place(tier.outlet, node, delayed, id), record: delayed })
}

/** The key of an output. The bytes that were read are used again if the key is the same. */
function keyOf(run: Emitting, { from, value, options }: Emission, route: TopicRoute): Uint8Array | null {
  const keyOf = route.outlet.node?.key
  const isOwn = !('key' in options) && !keyOf
  if (isOwn && from.keyFault) return run.job.keyBytes ?? null
  const given = 'key' in options ? options.key : keyOf ? keyOf(value) : from.key
  const key = isOwn ? from.key : checkedKey(from.node.name, given)
  if (key === null) return null
  return key === run.job.key && run.job.keyBytes ? run.job.keyBytes : Buffer.from(key)
}

/**
 * The value as the next operator gets it: encoded and decoded, as through a topic. So a topic between two operators changes
 * nothing of what they do, and no operator sees how another one changes its own value.
 */
function handOver({ from, output, value }: Emission, route: OperatorRoute): unknown {
  const { name, operator } = from.node
  const reader = route.node.operator.inputs[route.input]
  const codec = operator.outputs[output] ?? reader
  if (!codec || !reader) throw new CaudalError('OUTPUT_UNKNOWN', { node: name, output })
  try {
    return passApart(codec, reader, value)
  } catch (error) {
    const details = { node: name, target: route.node.name, codec: codec.name, reason: reasonOf(error) }
    throw new CaudalError('ENCODE_FAILED', details, error)
  }
}

function refuseTime({ from, output, options }: Emission): void {
  if (options.notBefore === undefined) return
  throw new CaudalError('DELAY_UNDECLARED', { node: from.node.name, output })
}

function withTexts({ node, headers }: Delivery, texts: Readonly<Record<string, string>>): Headers {
  return { ...headers, ...headersOf(node.name, texts) }
}
