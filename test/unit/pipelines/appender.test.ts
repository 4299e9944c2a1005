/** Few calls of the log for many callers: each is answered by what became of its own records. */
import { expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { Appender, WAITING_MAX } from '#pipelines/appender.ts'

const record = (text: string): NewRecord => ({
  key: null,
  value: Buffer.from(text),
  headers: NO_HEADERS,
  timestamp: 1,
})

/** A log that ends each call when the test says so. */
class HeldLog {
  readonly calls: { readonly batches: readonly PartitionBatch[]; end(error?: unknown): void }[] = []

  append(batches: readonly PartitionBatch[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.calls.push({ batches, end: error => (error === undefined ? resolve() : reject(error)) })
    return promise
  }

  get texts(): readonly string[] {
    return this.calls.map(({ batches }) =>
      batches.map(each => `${each.partition}:${each.records.map(({ value }) => value).join('+')}`).join(' '),
    )
  }
}

const opened = () => {
  const log = new HeldLog()
  return { log, appender: new Appender({ log, topic: 'raw', partitions: 2 }) }
}

it('the appender sends a lone record at once and later ones together, each call to the next partition', async () => {
  const { log, appender } = opened()
  const first = appender.append([record('a')])
  const others = [appender.append([record('b'), record('c')]), appender.append([record('d')])]
  expect(log.texts).toEqual(['0:a'])
  log.calls[0]?.end()
  await first
  await expect.poll(() => log.texts).toEqual(['0:a', '1:b+c+d'])
  log.calls[1]?.end()
  await Promise.all(others)
  void appender.append([record('e')])
  await expect.poll(() => log.texts.at(-1)).toBe('0:e')
})

it('an append that fails fails its own callers, and the next append goes on', async () => {
  const { log, appender } = opened()
  const first = appender.append([record('a')])
  const second = appender.append([record('b')])
  log.calls[0]?.end(new CaudalError('LOG_UNAVAILABLE', { reason: 'no broker' }))
  await expect(first).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
  await expect.poll(() => log.calls.length).toBe(2)
  log.calls[1]?.end()
  await second
})

it('the appender never divides the records of one caller, and bounds each append', async () => {
  const { log, appender } = opened()
  void appender.append([record('a')])
  const many = (text: string) => Array.from({ length: 600 }, () => record(text))
  void appender.append(many('b'))
  void appender.append(many('c'))
  log.calls[0]?.end()
  await expect.poll(() => log.calls.length).toBe(2)
  expect(log.calls[1]?.batches[0]?.records).toHaveLength(600)
})

it('the appender refuses records beyond its limit, and keeps those that wait', async () => {
  const { log, appender } = opened()
  void appender.append([record('a')])
  const waiting = appender.append(Array.from({ length: WAITING_MAX }, () => record('b')))
  await expect(appender.append([record('c')])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
  log.calls[0]?.end()
  await expect.poll(() => log.calls.length).toBe(2)
  log.calls[1]?.end()
  await waiting
})
