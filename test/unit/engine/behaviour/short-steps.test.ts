/** However long operators and timers take, a step of the pod is short: between two steps, all else has its turn. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { realSystem, type System } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { HALF_STEP_MS_MAX } from '#engine/pod/inbox.ts'
import { LOOK_JOBS } from '#engine/task/task-work.ts'
import { topology } from '#topology/index.ts'
import { numbers } from './graph.ts'

const PARTITIONS = 4
const RECORDS = 80
const COST_MS = 5

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

it('records that keep the thread for long are begun few in a step, those of each task in turn', async () => {
  let costMs = 0
  let turn = 0
  const system: System = {
    ...realSystem,
    monotonic: () => realSystem.monotonic() + costMs,
    defer: callback =>
      realSystem.defer(() => {
        turn++
        callback()
      }),
  }
  const ran: { readonly turn: number; readonly partition: number }[] = []
  const slow = operator({
    name: 'slow',
    input: numbers,
    outputs: { out: numbers },
    process(record, ctx) {
      costMs += COST_MS
      ran.push({ turn, partition: Math.floor(record.value / 1_000) })
      ctx.emit('out', record.value)
    },
  })
  const t = topology('slow')
  const source = t.source('in', { value: numbers, partitions: PARTITIONS })
  const out = t.topic('out', { value: numbers, partitions: 1 })
  source.process('slow', slow).to(out)
  const running = await run(t.build(), { log, system })
  await log.append(
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: 'in',
      partition,
      records: Array.from({ length: RECORDS }, (__, index) => ({
        key: null,
        value: numbers.encode(partition * 1_000 + index),
        headers: {},
        timestamp: 1,
      })),
    })),
  )
  let seen = 0
  for await (const _ of running.follow(out)) if (++seen === PARTITIONS * RECORDS) break
  await running.stop()
  expect(ran.length).toBe(PARTITIONS * RECORDS)
  const byTurn = [...Map.groupBy(ran, each => each.turn).values()].map(each => each.length)
  expect(Math.max(...byTurn)).toBeLessThanOrEqual(HALF_STEP_MS_MAX / COST_MS + LOOK_JOBS)
  const half = Map.groupBy(ran.slice(0, ran.length / 2), each => each.partition)
  expect(half.size).toBe(PARTITIONS)
})
