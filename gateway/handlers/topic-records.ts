/** `GET /topics/{topic}/records`: a page of records as a stream, with how far the look for it went. */
import { filterIn, OPERATORS } from '#admin/record-filter.ts'
import type { Direction, Position } from '#admin/record-scan.ts'
import type { RecordView } from '#admin/record-views.ts'
import type { From, Look, Looked, TopicDesk } from '#admin/topic-desk.ts'
import { hasCode } from '#core/errors.ts'
import { type Answer, operation, type Sink } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { timeOf } from './times.ts'
import { boundTo, noDesk } from './topics.ts'

const PAGE = 50
const PAGE_MAX = 200
const PROGRESS_EVERY = 250

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

/** One record as a caller sees it. */
export const RECORD = {
  type: 'object',
  properties: {
    partition: whole('Where it is.'),
    offset: whole('Its place in the partition.'),
    at: text('Event time, ISO 8601; empty for a time that is none.'),
    key: { description: 'Text, bytes as 0x and hexadecimal digits, or null.' },
    size: whole('Bytes of key and value.'),
    headers: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: text('As it was written.'), value: text('Text, or bytes as 0x and digits.') },
        required: ['name', 'value'],
        additionalProperties: false,
      },
    },
    form: text(
      'How the value was read: avro, json, text, timer, bytes for what cannot be read, or tombstone.',
    ),
    schema: {
      type: 'object',
      properties: { id: whole('As the record names it.'), name: text('Full name of the schema.') },
      required: ['id', 'name'],
      additionalProperties: false,
      description: 'What the value was written with.',
    },
    value: { description: 'As its schema or JSON has it.' },
    text: text('Instead of `value`, where that is long: how it begins. `whole` has the rest.'),
    hex: text('Instead of `value`, where that cannot be read: its first bytes.'),
    left_out: whole('Characters of `text`, or bytes of `hex`, that are not shown.'),
    unread: text('Why the value cannot be read.'),
  },
  required: ['partition', 'offset', 'at', 'key', 'size', 'headers', 'form'],
  additionalProperties: false,
} as const

export const topicRecords = operation({
  name: 'topic_records',
  summary: 'Streams a page of records of a topic, the newest first, and how far it has looked.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      topic: { type: 'string', minLength: 1, maxLength: 249, description: 'Name of the topic.' },
      partition: { type: 'string', pattern: '^\\d{1,9}$', description: 'Of this partition alone.' },
      from: {
        type: 'string',
        maxLength: 40,
        description:
          '`newest` (when left out) goes back from the end. `oldest`, an offset of `partition`, or a time of ISO 8601 go forward from there.',
      },
      record_key: { type: 'string', maxLength: 2_000, description: 'With exactly this key.' },
      filter: {
        type: 'string',
        maxLength: 1_000,
        description: `A field, one of ${OPERATORS.join(' ')}, and a value: \`final < 7\`, \`header.x-request-id = a\`.`,
      },
      limit: { type: 'string', pattern: '^\\d{1,3}$', description: `Records of a page, 1 to ${PAGE_MAX}.` },
      cursor: { type: 'string', maxLength: 10_000, description: 'What the page before gave as `next`.' },
      whole: { type: 'string', enum: ['true', 'false'], description: 'Whether long values come whole.' },
      last_event_id: {
        type: 'string',
        maxLength: 1_000,
        description: 'A page is streamed once: with it nothing is streamed. `cursor` goes on.',
      },
    },
    required: ['topic'],
    additionalProperties: false,
  },
  found: {
    ...RECORD,
    required: [],
    additionalProperties: true,
    description:
      'The event `record` is this. `progress` has `looked_at` and `found` so far, `gap` the offsets `first` to `next` that a partition holds no more. `done` has `looked_at`, `found`, `ended_by` (`page`, `bound` or `end`), and `next`, absent where all was looked at.',
  },
  isStream: true,
  problems: [
    ...(['organization_bound', 'topic_unknown', 'too_many_streams', 'store_absent'] as const),
    ...(['log_unavailable', 'stopping'] as const),
  ],
  async run({ topics: desk, system }, input, call): Promise<Answer> {
    if (!seesAll(call)) return boundTo(call)
    if (!desk) return noDesk()
    const look = lookFor(input)
    if (look instanceof Problem) return look
    if (input.last_event_id !== undefined) return { kind: 'over' }
    try {
      const partitions = await desk.partitionsOf(look.topic)
      if (partitions === undefined) return unknownTopic()
      if ((look.partition ?? 0) >= partitions)
        return invalid([{ pointer: '/partition', reason: `must be below ${partitions}` }])
      if (desk.isBusy) return new Problem('too_many_streams', { retryAfterS: 5 })
      return {
        kind: 'stream',
        open: sink => new RecordStream(desk, sink, () => system.monotonic()).run(look, partitions),
      }
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

const unknownTopic = (): Problem =>
  new Problem('topic_unknown', { detail: 'GET /topics lists those of the application.' })

interface Asked {
  readonly topic: string
  readonly partition?: string
  readonly from?: string
  readonly record_key?: string
  readonly filter?: string
  readonly limit?: string
  readonly cursor?: string
  readonly whole?: string
}

function lookFor({
  topic,
  partition,
  from,
  filter,
  limit,
  cursor,
  whole,
  record_key: key,
}: Asked): Look | Problem {
  const pageMax = limit === undefined ? PAGE : Number(limit)
  if (pageMax < 1 || pageMax > PAGE_MAX)
    return invalid([{ pointer: '/limit', reason: `must be from 1 to ${PAGE_MAX}` }])
  const condition = filter === undefined ? undefined : filterIn(filter)
  if (filter !== undefined && !condition)
    return invalid([
      { pointer: '/filter', reason: `must be a field, one of ${OPERATORS.join(' ')}, a value` },
    ])
  if (key !== undefined && !key.isWellFormed())
    return invalid([{ pointer: '/record_key', reason: 'has a lone surrogate, which no key has' }])
  const begin = cursor === undefined ? fromIn(from ?? 'newest', partition) : positionsIn(cursor)
  if (begin instanceof Problem) return begin
  return {
    ...{ topic, from: begin, key, filter: condition, pageMax, isWhole: whole === 'true' },
    partition: partition === undefined ? undefined : Number(partition),
  }
}

function fromIn(from: string, partition: string | undefined): From | Problem {
  if (from === 'newest' || from === 'oldest') return { kind: from }
  if (/^\d{1,16}$/.test(from) && Number.isSafeInteger(Number(from)))
    return partition === undefined
      ? invalid([{ pointer: '/partition', reason: 'must be given with an offset' }])
      : { kind: 'offset', offset: Number(from) }
  const time = timeOf(from)
  return Number.isNaN(time)
    ? invalid([{ pointer: '/from', reason: 'must be newest, oldest, an offset, or a time of ISO 8601' }])
    : { kind: 'time', time }
}

/** One page on its way. */
class RecordStream {
  readonly #desk: TopicDesk
  readonly #sink: Sink
  readonly #now: () => number
  readonly #left = new AbortController()
  #toldAt = Number.NEGATIVE_INFINITY
  #sent = 0

  constructor(desk: TopicDesk, sink: Sink, now: () => number) {
    this.#desk = desk
    this.#sink = sink
    this.#now = now
    sink.onEnd(() => this.#left.abort())
  }

  async run(look: Look, partitions: number): Promise<void> {
    const { signal } = this.#left
    const listener = {
      onRecord: (record: RecordView) => this.#send('record', recordView(record)),
      onProgress: ({ lookedAt, found }: { readonly lookedAt: number; readonly found: number }) => {
        const isSoon = this.#now() - this.#toldAt < PROGRESS_EVERY
        if (isSoon) return Promise.resolve()
        this.#toldAt = this.#now()
        return this.#send('progress', { looked_at: lookedAt, found })
      },
      onGap: (partition: number, first: number, next: number) =>
        this.#send('gap', { partition, first, next }),
    }
    try {
      const looked = await this.#desk.look(look, partitions, listener, signal)
      await this.#send('done', doneView(looked))
      this.#sink.end()
    } catch (error) {
      if (!signal.aborted) this.#sink.fail(problemIn(error))
    }
  }

  async #send(kind: string, data: object): Promise<void> {
    await this.#sink.ready()
    this.#sent += 1
    this.#sink.send({ id: `${this.#sent}`, kind, data })
  }
}

function problemIn(error: unknown): Problem {
  return hasCode(error, 'TOPIC_MISSING') || hasCode(error, 'TOPIC_REPLACED')
    ? unknownTopic()
    : refusal(error, 'Ask again.')
}

export const recordView = ({ leftOut, ...record }: RecordView): object => ({
  ...record,
  ...(leftOut !== undefined && { left_out: leftOut }),
})

function doneView({ lookedAt, found, ending, positions, direction }: Looked): object {
  const isMore = ending !== 'end' && positions.some(({ isDone }) => !isDone)
  return {
    ...{ looked_at: lookedAt, found, ended_by: isMore ? ending : 'end' },
    ...(isMore && { next: cursorAt(direction, positions) }),
  }
}

const LETTERS: Readonly<Record<Direction, string>> = { forwards: 'f', backwards: 'b' }

/** A letter for the direction, then `partition:offset` of each partition that has more. */
const cursorAt = (direction: Direction, positions: readonly Position[]): string =>
  [
    LETTERS[direction],
    ...positions.flatMap(({ partition, position, isDone }) => (isDone ? [] : [`${partition}:${position}`])),
  ].join('.')

function positionsIn(cursor: string): From | Problem {
  const [letter, ...parts] = cursor.split('.')
  const direction = letter === LETTERS.forwards ? 'forwards' : letter === LETTERS.backwards ? 'backwards' : ''
  if (direction === '' || !parts.every(part => /^\d{1,9}:\d{1,15}$/.test(part)))
    return invalid([{ pointer: '/cursor', reason: 'must be what a page gave as next' }])
  const positions = parts.map(part => part.split(':').map(Number))
  return {
    kind: 'positions',
    direction,
    positions: new Map(positions.map(([partition = 0, position = 0]) => [partition, position])),
  }
}
