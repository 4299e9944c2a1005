/** Kills a writing process at seeded moments: every acknowledged transaction is there, and none is there by half. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import type { EmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { everything, opened, temporaryFolder } from './opening.ts'

const WRITER = join(import.meta.dirname, 'crash-writer.ts')
const KILLS = 10

/**
 * Runs the writer until it has acknowledged so many transactions, and kills it some microseconds later. It spins for that time,
 * because a timer is too coarse to hit the inside of a commit. Returns the last number acknowledged.
 */
async function writeUntilKilled(
  path: string,
  first: number,
  acknowledgements: number,
  laterUs: number,
): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path, `${first}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => child.once('exit', resolve))
  let last = first - 1
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last - first + 1 < acknowledgements || child.killed) continue
    const until = process.hrtime.bigint() + BigInt(Math.round(laterUs * 1_000))
    while (process.hrtime.bigint() < until);
    child.kill('SIGKILL')
  }
  await ended
  expect(child.signalCode).toBe('SIGKILL')
  return last
}

async function numbers(log: EmbeddedLog, topic: string, partitions: number): Promise<number[]> {
  const all: number[] = []
  for (let partition = 0; partition < partitions; partition++)
    all.push(...(await everything(log, topic, partition)).map(one => Number(one.value)))
  return all.sort((a, b) => a - b)
}

/** Checks the whole log and returns how many transactions it holds. */
async function checkAll(log: EmbeddedLog): Promise<number> {
  const orders = await numbers(log, 'orders', 2)
  expect(orders).toEqual(orders.map((_, index) => index))
  expect(await numbers(log, 'answers', 3)).toEqual(orders.flatMap(number => [number, number, number]))
  const latest = new Map((await everything(log, 'state')).map(one => [one.key, Number(one.value)]))
  const expected = new Map(orders.map(number => [`key ${number % 7}`, number]))
  expect(latest).toEqual(expected)
  return orders.length
}

it('keeps every acknowledged transaction whole through kills', async () => {
  const random = seededRandom(20_260_101)
  const path = temporaryFolder()
  let next = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = await writeUntilKilled(path, next, 1 + Math.floor(random() * 120), random() * 1_000)
    const log = await opened({ path })
    const held = await checkAll(log)
    expect(held).toBeGreaterThan(acknowledged)
    // At most the one under way was written without its acknowledgement being seen.
    expect(held).toBeLessThanOrEqual(acknowledged + 2)
    await log.close()
    next = held
  }
})
