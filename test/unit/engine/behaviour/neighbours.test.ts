/** Applications over one log: what one works with between its stages is written by no other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { renamedLog } from '#engine/log/renamed-log.ts'
import { type Topology, topology } from '#topology/index.ts'
import { numbers } from './graph.ts'

const passing = (name: string) =>
  operator({
    name,
    input: numbers,
    outputs: { out: numbers },
    process: (record, ctx) => ctx.emit('out', record.value),
  })

interface Names {
  readonly from?: string
  readonly between?: string
  readonly to?: string
}

/** Two stages with a topic between them. */
function working(
  application: string,
  { from = 'in', between = 'between', to = 'out' }: Names = {},
): Topology {
  const t = topology(application)
  const inner = t.topic(between, { value: numbers, partitions: 1 })
  t.source(from, { value: numbers, partitions: 1 }).process('first', passing('first')).to(inner)
  inner.process('second', passing('second')).to(t.topic(to, { value: numbers, partitions: 1 }))
  return t.build()
}

/** One stage, so that no topic is its own. */
function reading(application: string, from: string, to: string): Topology {
  const t = topology(application)
  const source = t.source(from, { value: numbers, partitions: 1 })
  source.process('only', passing('only')).to(t.topic(to, { value: numbers, partitions: 1 }))
  return t.build()
}

let path: string
let log: Log
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'caudal-log-'))
  log = await openEmbeddedLog({ path, system: realSystem })
})
afterEach(async () => {
  await log.close()
  rmSync(path, { recursive: true })
})

/** Runs the application for a moment, so that it has been accepted. */
async function accepted(graph: Topology, over = log): Promise<void> {
  const running = await run(graph, { log: over })
  await running.stop()
}

test('a second application on the topics of the first is refused with the remedy, and leaves no topic', async () => {
  await accepted(working('first'))
  const before = (await log.describeTopics()).map(({ name }) => name)
  const refused = run(working('second', { to: 'elsewhere' }), { log })
  await expect(refused).rejects.toMatchObject({ code: 'TOPIC_SHARED' })
  await expect(refused).rejects.toThrow(
    /application first \(first.topology\) works with between.*second[\s\S]*TOPIC_PREFIX/,
  )
  expect((await log.describeTopics()).map(({ name }) => name)).toEqual(before)
  await accepted(working('first'))
})

test('writing into what another one works with is refused, in whichever order they come', async () => {
  await accepted(working('first'))
  await expect(run(reading('second', 'other', 'between'), { log })).rejects.toThrow(/works with between/)
  await accepted(reading('third', 'other', 'later'))
  await expect(run(working('fourth', { between: 'later', to: 'x' }), { log })).rejects.toThrow(
    /works with later/,
  )
})

test('sources, sinks and the reading of anything may be shared, and one application feeds another', async () => {
  await accepted(working('first'))
  await accepted(reading('tap', 'between', 'copy'))
  await accepted(reading('next', 'out', 'further'))
  await accepted(working('beside', { between: 'beside' }))
})

test('under a prefix an application is wholly apart, also from one of its own name', async () => {
  await accepted(working('first'))
  await accepted(working('first'), renamedLog(log, { prefix: 'b.' }))
  await accepted(working('other', { between: 'b' }))
  const names = (await log.describeTopics()).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['b.in', 'b.between', 'b.first.topology']))
})

const values = async (over: Log, topic: string): Promise<readonly number[]> => {
  const [bounds] = await over.bounds([{ topic, partition: 0 }])
  const reader = over.openReader({ topic, partition: 0 }, 0)
  const found: number[] = []
  for (let at = 0; at < (bounds?.end ?? 0); ) {
    const { records, nextOffset } = await reader.next(100)
    for (const { value } of records) if (value) found.push(numbers.decode(value))
    at = nextOffset
  }
  reader.close()
  return found
}
const send = (over: Log, ...sent: readonly number[]) =>
  over.append([
    {
      topic: 'in',
      partition: 0,
      records: sent.map(value => ({ key: null, value: numbers.encode(value), headers: {}, timestamp: 1 })),
    },
  ])

test('a new application reads a source of another application only after an explicit decision', async () => {
  await accepted(reading('first', 'in', 'out'))
  await accepted(reading('early', 'in', 'early'))
  await send(log, 1, 2)
  await expect(run(reading('second', 'in', 'copy'), { log })).rejects.toThrow(
    /SOURCE_UNDECIDED[\s\S]*application first reads in[\s\S]*SOURCE_FROM/,
  )
  const whole = await run(reading('whole', 'in', 'whole'), { log, sourcesFrom: 'start' })
  await expect.poll(() => values(log, 'whole')).toEqual([1, 2])
  await whole.stop()
})

test('an application that begins at the end goes on from where it began, whatever became of its first pod', async () => {
  await accepted(reading('first', 'in', 'out'))
  await send(log, 1, 2)
  // It ends before it has read or committed anything.
  const first = await run(reading('second', 'in', 'copy'), { log, sourcesFrom: 'end' })
  await first.stop()
  await send(log, 3)
  const again = await run(reading('second', 'in', 'copy'), { log, sourcesFrom: 'end' })
  await expect.poll(() => values(log, 'copy')).toEqual([3])
  await again.stop()
  const changed = await run(reading('second', 'in', 'copy'), { log })
  await send(log, 4)
  await expect.poll(() => values(log, 'copy')).toEqual([3, 4])
  await changed.stop()
})
