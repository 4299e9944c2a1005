/** The page that a picture is taken of: the panels of one dashboard on Grafana's grid of 24 columns. */
import type { Committed, CommittedPanel } from './committed.ts'
import type { Line } from './prometheus.ts'

/** A panel with its lines, for the page. */
export interface DrawnPanel extends Pick<CommittedPanel, 'type' | 'title' | 'gridPos'> {
  readonly unit: string
  readonly isStacked: boolean
  readonly limits: readonly { readonly value: number; readonly color: string }[]
  readonly lines: readonly Line[]
}

export interface Assets {
  readonly script: string
  readonly style: string
}

export function pageOf(
  { title, description }: Committed,
  panels: readonly DrawnPanel[],
  { script, style }: Assets,
): string {
  // Names of models and organisations come from outside.
  const data = JSON.stringify(panels).replaceAll('<', '\\u003c')
  return `<!doctype html><meta charset="utf-8"><style>${style}${STYLE}</style>
<h1>${escaped(title)}</h1><p>${escaped(description)}</p><main></main>
<script>${script}</script><script>const PANELS = ${data};${DRAWING}</script>`
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const STYLE = `
body { margin: 16px; background: #f4f5f5; font: 13px sans-serif; color: #24292e }
h1 { font-size: 20px; margin: 0 } h2 { font-size: 15px; margin: 8px 0 0; font-weight: 600 }
h3 { font-size: 13px; margin: 0 0 4px; font-weight: 600 } p { margin: 4px 0 12px }
main { display: grid; grid-template-columns: repeat(24, 1fr); gap: 8px }
section { background: #fff; border: 1px solid #dfe2e5; padding: 8px; min-width: 0 }
section.row { grid-column: 1 / 25; background: none; border: none; padding: 0 }
.number { font-size: 34px; text-align: center; padding: 18px 0; white-space: nowrap }
.none { color: #a0a4a8; text-align: center; padding: 40px 0 }
.keys { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 11px; max-height: 44px; overflow: hidden }
.keys i { display: inline-block; width: 10px; height: 3px; margin-right: 4px; vertical-align: middle }`

/** Runs in the browser. */
const DRAWING = `
const COLORS = ['#3274d9','#e0752d','#37872d','#a352cc','#c4162a','#0d9b97','#b8860b','#6e6e6e','#ff7383','#5794f2','#73bf69','#8f3bb8']
const DECIMALS = value => Math.abs(value) >= 100 || value === 0 ? 0 : Math.abs(value) >= 1 ? 2 : 3
const UNITS = {
  short: v => v.toFixed(Number.isInteger(v) ? 0 : DECIMALS(v)), ops: v => v.toFixed(DECIMALS(v)) + '/s', s: v => v < 1 && v > 0 ? (v * 1000).toFixed(0) + ' ms' : v.toFixed(DECIMALS(v)) + ' s',
  bytes: v => (v / 1e6).toFixed(0) + ' MB', Bps: v => (v / 1e3).toFixed(1) + ' kB/s',
  percentunit: v => (v * 100).toFixed(1) + ' %', currencyUSD: v => '$' + v.toFixed(v !== 0 && v < 0.01 ? 6 : 4),
}
const el = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text ?? '', className: className ?? '' })
function number(section, panel, show) {
  const point = panel.lines[0]?.points.at(-1)
  const node = el('div', point ? show(point[1]) : 'no data', 'number')
  const passed = panel.limits.filter(limit => point && point[1] >= limit.value).at(-1)
  node.style.color = passed ? { yellow: '#b8860b', red: '#c4162a' }[passed.color] : '#37872d'
  section.append(node)
}
function lines(section, panel, show, width) {
  if (panel.lines.length === 0) return section.append(el('div', 'no data', 'none'))
  const times = [...new Set(panel.lines.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b)
  let columns = panel.lines.map(line => { const at = new Map(line.points); return times.map(time => at.get(time) ?? null) })
  if (panel.isStacked) { const sums = times.map(() => 0); columns = columns.map(column => column.map((v, i) => (sums[i] += v ?? 0))) }
  const order = panel.isStacked ? columns.map((_, i) => columns.length - 1 - i) : columns.map((_, i) => i)
  const series = order.map(i => ({ label: panel.lines[i].name, stroke: COLORS[i % 12], width: 1.5, points: { show: times.length < 3 }, fill: panel.isStacked ? COLORS[i % 12] + '55' : undefined }))
  const plot = document.createElement('div')
  section.append(plot)
  new uPlot({ width, height: 190, legend: { show: false }, cursor: { show: false },
    scales: { y: { range: (u, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
    series: [{}, ...series], axes: [{}, { size: 70, values: (u, ticks) => ticks.map(show) }] }, [times, ...order.map(i => columns[i])], plot)
  const keys = el('div', '', 'keys')
  panel.lines.forEach((line, i) => { const key = el('span'); const mark = el('i'); mark.style.background = COLORS[i % 12]; key.append(mark, line.name || 'value'); keys.append(key) })
  section.append(keys)
}
for (const panel of PANELS) {
  const section = el('section')
  document.querySelector('main').append(section)
  if (panel.type === 'row') { section.className = 'row'; section.append(el('h2', panel.title)); continue }
  section.style.gridColumn = 'span ' + panel.gridPos.w
  section.append(el('h3', panel.title))
  const show = UNITS[panel.unit] ?? UNITS.short
  if (panel.type === 'stat') number(section, panel, show)
  else lines(section, panel, show, section.clientWidth - 20)
}
window.isDrawn = true`
