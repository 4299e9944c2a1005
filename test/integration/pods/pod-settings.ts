/** The settings of a pod process, and the messages between the pod process and its parent. */
import { join } from 'node:path'
import type { LimitOptions } from '#core/limits.ts'

export const POD_PROGRAM = join(import.meta.dirname, 'pod.ts')

export interface PodSettings {
  readonly application: string
  readonly name: string
  readonly brokers: readonly string[]
  /** Added to the port of every broker: there is a proxy. */
  readonly portShift: number
  readonly partitions: number
  readonly inFlightMax: number
  readonly timeoutMs: number
  readonly requestTimeoutMs: number
  readonly limits: LimitOptions
  readonly modelUrl: string
  /** Local copies of state are here; in memory where it is left out. */
  readonly copiesIn?: string
  /** It runs the later version of the graph, with a stage more. */
  readonly hasAudit?: boolean
}

/** What happens in a pod. `pod` is its incarnation's name, as in its answers and calls. */
export type PodEvent =
  | { readonly type: 'started' }
  | { readonly type: 'joined'; readonly generation: number; readonly tasks: readonly string[] }
  | { readonly type: 'task'; readonly task: string; readonly to: string }
  | { readonly type: 'fence'; readonly producer: string }
  | { readonly type: 'commitFailed'; readonly error: string }
  | { readonly type: 'log'; readonly level: string; readonly message: string; readonly fields: object }
  | { readonly type: 'commit'; readonly durationMs: number }
  /** The answer to a call was read. */
  | { readonly type: 'answered'; readonly call: string }
  | { readonly type: 'failed'; readonly error: string }

export type PodMessage = PodEvent & { readonly at: number }

/** A message to a running pod: how far its wall clock is off from now on. */
export interface ClockStep {
  readonly clockOffMs: number
}

export function nameOf(settings: PodSettings, pid: number): string {
  return `${settings.name}#${pid}`
}
