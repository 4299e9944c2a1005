/** The pods of an application, as they report about themselves. */
import { asShown } from '#core/codec.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type PodReport, podsTopic } from '#engine/client/pod-report.ts'
import { decodeReport } from '#engine/client/report-reading.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'

/** Reports come every two seconds. If the last report is older than this, the pod is gone or held up. */
const SILENT_AFTER_MS = 10_000
/** A pod that died leaves no tombstone. The list drops the pod so long after its last report. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000

/** The last report of a pod, and its age. */
export interface KnownPod extends PodReport {
  /** Time since the last report. */
  readonly heardAgoMs: number
  readonly isSilent: boolean
}

/** Whether any pod of the application has ever reported. */
export async function hasReports(log: Log, application: string): Promise<boolean> {
  return (await log.describeTopics([podsTopic(application)])).length > 0
}

/** The pods, sorted by name. Ages compare the pods' clocks with this one, so they are wrong by the difference of the clocks. */
export async function podsNow(log: Log, application: string, system: System): Promise<readonly KnownPod[]> {
  const last = new Map<string, PodReport | undefined>()
  await readAll(log, podsTopic(application), record => take(record, last.set.bind(last)))
  const now = system.now()
  return known([...last.values()].map(report => ({ report, agoMs: now - (report?.at ?? 0) })))
}

/** The pods, kept up to date by one follower. Ages count from the arrival of a report here, so other clocks do not matter. */
export class PodWatch {
  readonly #system: System
  readonly #heard = new Map<string, { readonly report: PodReport | undefined; readonly at: number }>()
  #following: Following | undefined

  constructor(system: System) {
    this.#system = system
  }

  /** The topic must exist. Resolves when all of its records are read. */
  async start(log: Log, application: string): Promise<void> {
    const system = this.#system
    // A report from before this start gets its age by the clock of its pod.
    let isLive = false
    const ageOf = (report: PodReport | undefined) =>
      isLive || !report ? 0 : Math.max(0, system.now() - report.at)
    this.#following = await follow(log, {
      ...{ topic: podsTopic(application), from: 'start', system },
      onRecord: record =>
        take(record, (pod, report) =>
          this.#heard.set(pod, { report, at: system.monotonic() - ageOf(report) }),
        ),
    })
    await this.#following.caughtUp()
    isLive = true
  }

  get pods(): readonly KnownPod[] {
    const now = this.#system.monotonic()
    return known([...this.#heard.values()].map(({ report, at }) => ({ report, agoMs: now - at })))
  }

  close(): void {
    this.#following?.close()
  }
}

function take({ key, value }: LogRecord, set: (pod: string, report: PodReport | undefined) => unknown): void {
  if (!key) return
  const report = value ? decodeReport(value) : undefined
  // A value that is no report does not replace the report before it.
  if (!value || report) set(asShown(key), report)
}

function known(
  all: readonly { readonly report: PodReport | undefined; readonly agoMs: number }[],
): readonly KnownPod[] {
  return all
    .flatMap(({ report, agoMs }) => {
      const heardAgoMs = Math.max(0, agoMs)
      if (!report || heardAgoMs > FORGOTTEN_AFTER_MS) return []
      return [{ ...report, heardAgoMs, isSilent: heardAgoMs > SILENT_AFTER_MS }]
    })
    .sort((a, b) => a.pod.localeCompare(b.pod))
}
