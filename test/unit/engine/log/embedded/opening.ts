/** Opens embedded logs for tests, in folders that are removed again, on a clock that only the test moves. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { NewRecord } from '#core/record.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { realSystem } from '#core/system.ts'
import type { EmbeddedLog, EmbeddedLogOptions } from '#engine/log/embedded/embedded-log.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'

export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'caudal-log-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Opens the log and closes it when the test ends. */
export async function opened(options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
  const log = await openEmbeddedLog({
    path: options.path ?? temporaryFolder(),
    system: realSystem,
    ...options,
  })
  onTestFinished(() => log.close())
  return log
}

/** Time is paused until `pass` moves it and runs what has become due. */
export class ManualSystem implements System {
  #now = 1_750_000_000_000
  #due: { readonly at: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = { at: this.#now + delayMs, run: callback }
    this.#due.push(entry)
    return () => {
      this.#due = this.#due.filter(one => one !== entry)
    }
  }

  defer(callback: () => void): void {
    realSystem.defer(callback)
  }

  random(): number {
    return 0.5
  }

  pass(durationMs: number): void {
    this.#now += durationMs
    const ready = this.#due.filter(one => one.at <= this.#now)
    this.#due = this.#due.filter(one => one.at > this.#now)
    for (const one of ready) one.run()
  }
}

export function keyed(key: string | null, value: string | null): NewRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: NO_HEADERS,
    timestamp: 1,
  }
}

export interface Seen {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

/** Every record of the partition from its start to its end. */
export async function everything(log: EmbeddedLog, topic: string, partition = 0): Promise<Seen[]> {
  const [bounds] = await log.bounds([{ topic, partition }])
  const { start, end } = bounds ?? { start: 0, end: 0 }
  const reader = log.openReader({ topic, partition }, start)
  const seen: Seen[] = []
  for (let at = start; at < end; ) {
    const { records, nextOffset } = await reader.next(500)
    for (const one of records)
      seen.push({
        offset: one.offset,
        key: one.key && Buffer.from(one.key).toString(),
        value: one.value && Buffer.from(one.value).toString(),
      })
    at = nextOffset
  }
  reader.close()
  return seen
}
