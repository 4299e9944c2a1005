/** Dashboards as the JSON that Grafana is provisioned with, in its classic schema: the one place that knows its SDK. */

import { StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { ANSWERS } from './answers.ts'
import { ENGINE } from './engine.ts'
import { ERRORS } from './failures.ts'
import { MONEY } from './money.ts'
import type { Dashboard, Panel } from './panel.ts'
import { THROUGHPUT } from './throughput.ts'

/** The home page first. */
export const DASHBOARDS: readonly Dashboard[] = [THROUGHPUT, ERRORS, ENGINE, ANSWERS, MONEY]

/** A variable, since no name of a data source is the same in two installations. */
const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' }
const WIDTH = 24
const NUMBER_HEIGHT = 5
const LINE_HEIGHT = 8
const LINES_A_ROW = 2

export function grafanaJson(dashboard: Dashboard): string {
  const builder = new DashboardBuilder(dashboard.title)
    .uid(dashboard.uid)
    .description(dashboard.says)
    .tags(['caudal'])
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('job')
        .label('Job')
        .datasource(DATA_SOURCE)
        // Pods and gateways have this metric, and no program of others has. All is each of these jobs.
        .query('label_values(caudal_event_loop_delay_seconds, job)')
        .includeAll(true)
        .multi(true)
        .current({ text: 'All', value: '$__all' }),
    )
    .link(
      new DashboardLinkBuilder('Caudal')
        .type(DashboardLinkType.Dashboards)
        .tags(['caudal'])
        .keepTime(true)
        .includeVars(true),
    )
  for (const { title, panels } of dashboard.rows) {
    builder.withRow(new RowBuilder(title))
    for (const panel of panels) builder.withPanel(panelOf(panel, panels))
  }
  return `${JSON.stringify(builder.build(), undefined, 2)}\n`
}

function panelOf(panel: Panel, row: readonly Panel[]) {
  const numbers = row.filter(({ kind }) => kind === 'number').length
  if (panel.kind === 'number')
    return described(new StatBuilder(), panel, Math.floor(WIDTH / numbers), NUMBER_HEIGHT)
  const builder = described(new TimeBuilder(), panel, WIDTH / LINES_A_ROW, LINE_HEIGHT)
  builder.axisSoftMin(0).fillOpacity(panel.kind === 'stacked' ? 30 : 5)
  if (panel.kind === 'stacked') builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  return builder
}

function described<B extends StatBuilder | TimeBuilder>(
  builder: B,
  panel: Panel,
  width: number,
  height: number,
): B {
  builder.title(panel.title).description(panel.says).datasource(DATA_SOURCE).unit(panel.unit).min(0)
  builder.span(width).height(height).thresholds(thresholdsOf(panel))
  for (const [index, { expr, legend }] of panel.queries.entries()) {
    const refId = String.fromCharCode('A'.charCodeAt(0) + index)
    builder.withTarget(
      new DataqueryBuilder().expr(expr).legendFormat(legend).refId(refId).datasource(DATA_SOURCE),
    )
  }
  return builder
}

function thresholdsOf({ limits }: Panel) {
  const steps: { value: number | null; color: string }[] = [{ value: null, color: 'green' }]
  if (limits) steps.push({ value: limits[0], color: 'yellow' }, { value: limits[1], color: 'red' })
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}
