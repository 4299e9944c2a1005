/** What this process takes of its machine: processor, memory, the delay of its event loop, room on the disk. */
import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Child, Family, Row } from './family.ts'
import { PROCESS_ROWS } from './table.ts'

/** How often the delay of the event loop is looked at. */
const RESOLUTION_MS = 20
const NANOSECONDS = 1e9
const QUANTILES = { '0.5': 50, '0.99': 99, '1': 100 } as const

export class ProcessFigures {
  readonly #dataFolder: string | undefined
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #utilization = performance.eventLoopUtilization()

  constructor(dataFolder?: string) {
    this.#dataFolder = dataFolder
  }

  start(): void {
    this.#delay.enable()
  }

  stop(): void {
    this.#delay.disable()
  }

  async families(): Promise<readonly Family[]> {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    return [
      single(PROCESS_ROWS.cpu, (user + system) / 1e6),
      single(PROCESS_ROWS.resident, rss),
      single(PROCESS_ROWS.started, performance.timeOrigin / 1_000),
      single(PROCESS_ROWS.heapUsed, heapUsed),
      single(PROCESS_ROWS.heapTotal, heapTotal),
      { row: PROCESS_ROWS.loopDelay, children: this.#delays() },
      single(PROCESS_ROWS.loopBusy, this.#busy()),
      ...(await this.#disk()),
    ]
  }

  /** The monitor counts its own interval too. */
  #delays(): readonly Child[] {
    const children = Object.entries(QUANTILES).map(([quantile, percentile]) => {
      const seconds = this.#delay.percentile(percentile) / NANOSECONDS - RESOLUTION_MS / 1_000
      return { labels: { quantile }, value: Math.max(0, seconds) }
    })
    this.#delay.reset()
    return children
  }

  #busy(): number {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    this.#utilization = now
    return utilization
  }

  /** A folder that is not there yet, or cannot be looked at, has no series. */
  async #disk(): Promise<readonly Family[]> {
    const found =
      this.#dataFolder === undefined ? undefined : await statfs(this.#dataFolder).catch(() => undefined)
    if (!found) return []
    return [
      single(PROCESS_ROWS.diskFree, found.bavail * found.bsize),
      single(PROCESS_ROWS.diskSize, found.blocks * found.bsize),
    ]
  }
}

export const single = (row: Row, value: number): Family => ({ row, children: [{ labels: {}, value }] })
