/** The committed JSON of the dashboards, read as Grafana would: panels at their places, with their queries. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const JSON_FOLDER: string = join(import.meta.dirname, 'json')

export interface Target {
  readonly expr: string
  readonly legendFormat: string
}

export interface CommittedPanel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string
      readonly custom?: { readonly stacking?: { readonly mode?: string } }
      readonly thresholds?: {
        readonly steps: readonly { readonly value: number | null; readonly color: string }[]
      }
    }
  }
}

export interface Committed {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly panels: readonly CommittedPanel[]
}

export function committedDashboards(): readonly Committed[] {
  const names = readdirSync(JSON_FOLDER).filter(name => name.endsWith('.json'))
  return names.map(name => JSON.parse(readFileSync(join(JSON_FOLDER, name), 'utf8')))
}

/** What Grafana puts in for the variables of a query. */
export const filledIn = (expr: string, interval: string): string =>
  expr.replaceAll('$job', '.+').replaceAll('$__rate_interval', interval)
