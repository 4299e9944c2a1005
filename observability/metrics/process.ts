/** What this process takes of its machine: processor, memory, the delay of its event loop, room on the disk. */
import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { System } from '#core/system.ts'
import type { Child, Family, Row } from './family.ts'
import { PROCESS_ROWS } from './table.ts'

/** How often the delay of the event loop is looked at. */
const RESOLUTION_MS = 20
const NANOSECONDS = 1e9
const PERCENTILES = [50, 99, 100]
/** Figures of the event loop cover the last one to two of these, for every reader. Between rarer readings they cover more. */
const WINDOW_MS = 60_000

export class ProcessFigures {
  readonly #dataFolder: string | undefined
  /** The older window is read; the younger one takes its place when it is long enough. */
  #older: LoopWindow
  #younger: LoopWindow

  constructor(system: System, dataFolder?: string) {
    this.#dataFolder = dataFolder
    this.#older = new LoopWindow(system)
    this.#younger = new LoopWindow(system)
  }

  start(): void {
    this.#older.begin()
    this.#younger.begin()
  }

  stop(): void {
    this.#older.end()
    this.#younger.end()
  }

  async families(): Promise<readonly Family[]> {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    const loop = this.#loop()
    return [
      single(PROCESS_ROWS.cpu, (user + system) / 1e6),
      single(PROCESS_ROWS.resident, rss),
      single(PROCESS_ROWS.started, performance.timeOrigin / 1_000),
      single(PROCESS_ROWS.heapUsed, heapUsed),
      single(PROCESS_ROWS.heapTotal, heapTotal),
      { row: PROCESS_ROWS.loopDelay, children: loop.delays },
      single(PROCESS_ROWS.loopBusy, loop.busy),
      ...(await this.#disk()),
    ]
  }

  #loop(): Pick<LoopWindow, 'delays' | 'busy'> {
    const { delays, busy } = this.#older
    if (this.#younger.ageMs >= WINDOW_MS) {
      const next = this.#younger
      this.#younger = this.#older
      this.#younger.begin()
      this.#older = next
    }
    return { delays, busy }
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

/** The event loop since a moment. */
class LoopWindow {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #utilization = performance.eventLoopUtilization()
  #from = 0
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  /** Forgets what was. */
  begin(): void {
    this.#delay.enable()
    this.#delay.reset()
    this.#utilization = performance.eventLoopUtilization()
    this.#from = this.#system.monotonic()
  }

  end(): void {
    this.#delay.disable()
  }

  get ageMs(): number {
    return this.#system.monotonic() - this.#from
  }

  /** The monitor counts its own interval too. */
  get delays(): readonly Child[] {
    return PERCENTILES.map(percentile => {
      const seconds = this.#delay.percentile(percentile) / NANOSECONDS - RESOLUTION_MS / 1_000
      return { labels: { percentile: String(percentile) }, value: Math.max(0, seconds) }
    })
  }

  get busy(): number {
    return performance.eventLoopUtilization(this.#utilization).utilization
  }
}

export const single = (row: Row, value: number): Family => ({ row, children: [{ labels: {}, value }] })
