/** Reads a report of any version: what is missing, or of another kind, has a default, and what has no name is left out. */
import { asText } from '#core/codec.ts'
import { isMoment } from '#core/moment.ts'
import type { PodWork } from '#engine/pod/pod-work.ts'
import {
  type PodReport,
  REPORT_VERSION,
  type ReportedCounters,
  type ReportedProvider,
  type ReportedSource,
  type ReportedStage,
  type ReportedTask,
} from './pod-report.ts'

type Loose = Readonly<Record<string, unknown>>

/** `undefined` for bytes that are no report: one faulty record must not break the view of all pods. */
export function decodeReport(bytes: Uint8Array): PodReport | undefined {
  try {
    const found: unknown = JSON.parse(asText(bytes))
    return isLoose(found) ? reportIn(found) : undefined
  } catch {
    return undefined
  }
}

function reportIn(found: Loose): PodReport | undefined {
  const { version, pod, at, startedAt, phase } = found
  if (typeof version !== 'number' || version < REPORT_VERSION) return undefined
  if (typeof pod !== 'string' || !isMoment(at) || typeof phase !== 'string') return undefined
  return {
    ...{ version, pod, at, phase, release: textOr(found.release, 'unknown') },
    startedAt: isMoment(startedAt) ? startedAt : at,
    tasks: each(found.tasks, taskIn),
    stages: each(found.stages, stageIn),
    ...{ commits: number(found.commits), uncommittedAgeMs: number(found.uncommittedAgeMs) },
    limits: numbersIn(found.limits),
    ...(Array.isArray(found.sources) && { sources: each(found.sources, sourceIn) }),
    ...(isLoose(found.written) && { written: numbersIn(found.written) }),
    ...(Array.isArray(found.providers) && { providers: each(found.providers, providerIn) }),
    ...(Array.isArray(found.work) && { work: each(found.work, workIn) }),
  }
}

function taskIn({ name, phase, blockedBy }: Loose): ReportedTask | undefined {
  if (typeof name !== 'string') return undefined
  return { name, phase: textOr(phase, 'unknown'), ...(typeof blockedBy === 'string' && { blockedBy }) }
}

function stageIn({ stage, counters, ...found }: Loose): ReportedStage | undefined {
  if (typeof stage !== 'string') return undefined
  return {
    ...{ stage, inFlight: number(found.inFlight), inFlightMax: number(found.inFlightMax) },
    ...{ lag: number(found.lag), oldestWaitingMs: number(found.oldestWaitingMs) },
    ...(isLoose(counters) && { counters: countersIn(counters) }),
  }
}

const countersIn = (found: Loose): ReportedCounters => ({
  ...{ recordsIn: number(found.recordsIn), recordsOut: number(found.recordsOut) },
  ...{ failed: number(found.failed), dead: number(found.dead), busyMs: number(found.busyMs) },
  ...{ backPressuredMs: number(found.backPressuredMs), idleMs: number(found.idleMs) },
})

const sourceIn = ({ stage, topic, lag }: Loose): ReportedSource | undefined =>
  typeof stage === 'string' && typeof topic === 'string' ? { stage, topic, lag: number(lag) } : undefined

function providerIn({ name, breakerReason, ...found }: Loose): ReportedProvider | undefined {
  if (typeof name !== 'string') return undefined
  return {
    ...{ name, limit: number(found.limit), inFlight: number(found.inFlight) },
    ...{ waiting: number(found.waiting), breakerOpen: found.breakerOpen === true },
    ...(typeof breakerReason === 'string' && { breakerReason }),
    needsPerson: found.needsPerson === true,
  }
}

function workIn({ task, id, key, ageMs, operator, ...found }: Loose): PodWork | undefined {
  if (typeof task !== 'string' || typeof id !== 'string') return undefined
  return {
    ...{ task, id, key: typeof key === 'string' ? key : null, place: textOr(found.place, 'unknown') },
    attempt: number(found.attempt),
    ...(isNumber(ageMs) && { ageMs }),
    ...(typeof operator === 'string' && { operator }),
    ...{ behind: number(found.behind), waitsFor: textOr(found.waitsFor, 'unknown') },
  }
}

const each = <T>(list: unknown, read: (found: Loose) => T | undefined): readonly T[] =>
  (Array.isArray(list) ? list : []).flatMap(found => (isLoose(found) ? (read(found) ?? []) : []))

const numbersIn = (found: unknown): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(isLoose(found) ? found : {}).filter((entry): entry is [string, number] =>
      isNumber(entry[1]),
    ),
  )

const isLoose = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => Number.isFinite(value)
const number = (value: unknown): number => (isNumber(value) ? value : 0)
const textOr = (value: unknown, other: string): string => (typeof value === 'string' ? value : other)
