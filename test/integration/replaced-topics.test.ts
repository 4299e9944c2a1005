/** Topics of a real broker that somebody deletes, makes again, or gives more partitions under a running pod. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { CaudalError, hasCode } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { type RunOptions, run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import { topology } from '#topology/index.ts'
import { deleteTopic, openLocalLog } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const numbers = codec.json<number>('number', each => typeof each === 'number')
const sum = operator({
  name: 'sum',
  input: numbers,
  outputs: { out: numbers },
  state: { total: state.value(numbers) },
  process(record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + record.value
    ctx.state.total.set(total)
    ctx.emit('out', total)
  },
})
const pass = operator({
  name: 'pass',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})

interface Declared {
  readonly partitions: number
  readonly tasks?: number
}

/** Two stages apart: `sum` reads `in`, `pass` reads `other`; both write `out`. */
function graphOf(application: string, declared: Declared) {
  const t = topology(application)
  const input = t.source(`${application}.in`, { value: numbers, partitionedByKey: true, ...declared })
  const other = t.topic(`${application}.other`, { value: numbers, partitions: 1 })
  const out = t.topic(`${application}.out`, { value: numbers, partitions: 1 })
  input.process('sum', sum).to(out)
  other.process('pass', pass).to(out)
  return { graph: t.build(), topics: { in: `${application}.in`, other, out } }
}

function listening() {
  const lines: { readonly level: string; readonly message: string; readonly fields: object }[] = []
  const waiting: (() => void)[] = []
  const writer =
    (level: string) =>
    (message: string, fields: object = {}) => {
      lines.push({ level, message, fields })
      for (const wake of waiting.splice(0)) wake()
    }
  const logger: Logger = { debug() {}, info() {}, warn: writer('warn'), error: writer('error') }
  const heard = async (text: string) => {
    while (!JSON.stringify(lines).includes(text)) await new Promise<void>(resolve => waiting.push(resolve))
    return lines
  }
  return { logger, heard }
}

async function started(
  log: Log,
  application: string,
  declared: Declared = { partitions: 1 },
  options: Partial<RunOptions> = {},
) {
  const { graph, topics } = graphOf(application, declared)
  const { logger, heard } = listening()
  const running = await run(graph, { log, logger, limits: { topicsInterval: 500 }, ...options })
  /** The first so many values of `out`. */
  const outputs = async (count: number) => {
    const values: unknown[] = []
    for await (const record of running.follow(topics.out)) if (values.push(record.value) === count) break
    return values
  }
  const put = (...values: readonly number[]) =>
    log.append([
      {
        topic: topics.in,
        partition: 0,
        records: values.map(each => ({
          key: Buffer.from('a'),
          value: numbers.encode(each),
          headers: {},
          timestamp: Date.UTC(2026, 0),
        })),
      },
    ])
  return { ...running, topics, heard, outputs, put }
}

describe.skipIf(!(await stackRuns('kafka')))('a topic of a real broker', () => {
  const tests = { name: 0 }
  const application = () => `${RUN}replaced-${tests.name++}`

  it('that is deleted and made again blocks its task at once, other tasks run, and an operator adopts the topic', async () => {
    const log = await openLocalLog()
    const name = application()
    const first = await started(log, name)
    await first.put(1, 2, 3)
    expect(await first.outputs(3)).toEqual([1, 3, 6])
    await deleteTopic(first.topics.in)
    await first.heard('TOPIC_DELETED')
    await first.send(first.topics.other, { value: 50 })
    expect(await first.outputs(4)).toEqual([1, 3, 6, 50])
    await first.stop()

    const second = await started(log, name)
    await second.put(10, 20, 30, 40)
    await second.heard('TOPIC_REPLACED')
    await second.stop()

    const [found] = await log.describeTopics([second.topics.in])
    const third = await started(log, name, { partitions: 1 }, { adoptTopics: { [found?.id ?? '']: 'start' } })
    expect(await third.outputs(8)).toEqual([1, 3, 6, 50, 16, 36, 66, 106])
    await third.stop()
    await log.close()
  })

  it('that is replaced at once by a longer one is not read at the old position', async () => {
    const log = await openLocalLog()
    const first = await started(log, application())
    await first.put(1, 2, 3)
    expect(await first.outputs(3)).toEqual([1, 3, 6])
    await deleteTopic(first.topics.in)
    await log.createTopics([
      { name: first.topics.in, partitions: 1, compacted: false, retentionMs: undefined },
    ])
    await first.put(10, 20, 30, 40, 50, 60)
    await first.heard('TOPIC_')
    await first.send(first.topics.other, { value: 7 })
    expect(await first.outputs(4)).toEqual([1, 3, 6, 7])
    await first.stop()
    await log.close()
  })

  it('that holds state and is deleted ends the pod', async () => {
    const log = await openLocalLog()
    const name = application()
    const first = await started(log, name)
    await first.put(1)
    expect(await first.outputs(1)).toEqual([1])
    await deleteTopic(`${name}.sum.state`)
    const error = await first.ended.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CaudalError)
    expect(hasCode(error, 'STATE_LOST')).toBe(true)
    await log.close()
  })

  it('gets more partitions, which the pod logs, and the existing tasks read them after a restart', async () => {
    const log = await openLocalLog()
    const name = application()
    const first = await started(log, name)
    await first.put(1, 2)
    expect(await first.outputs(2)).toEqual([1, 3])
    await log.growTopic(first.topics.in, 3)
    await first.heard('partitions were added to a source')
    await first.stop()
    await expect(started(log, name)).rejects.toThrow('declare partitions: 3 and tasks: 1')
    const second = await started(log, name, { partitions: 3, tasks: 1 })
    await log.append([
      {
        topic: first.topics.in,
        partition: 2,
        records: [{ key: Buffer.from('a'), value: numbers.encode(10), headers: {}, timestamp: 1 }],
      },
    ])
    expect(await second.outputs(3)).toEqual([1, 3, 13])
    await second.stop()
    await log.close()
  })
})
