/** The report as one HTML file that loads nothing from elsewhere: configuration, figures, and three plots as SVG. */
import type { Percentiles } from './latencies.ts'
import type { Second } from './meter.ts'
import { type LoadReport, reportLines, whole } from './report.ts'

const STYLE = `
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left } figure { margin: 2rem 0 } svg { width: 100%; height: auto }
figcaption span { margin-right: 1rem } pre { white-space: pre-wrap; overflow-wrap: anywhere }
`
const WIDTH = 900
const HEIGHT = 220
const LEFT = 60
const BOTTOM = 24
/** Colours that people with red-green blindness can distinguish (Okabe and Ito's palette). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7']

export function htmlReport(report: LoadReport): string {
  const { measured, target, machine, finishedAt, profile } = report
  const { seconds } = measured
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Load into ${escaped(target)}</title><style>${STYLE}</style></head><body>
<h1>Load into ${escaped(target)}</h1>
<p>Finished at ${escaped(finishedAt)}, sent from ${escaped(machine)}.</p>
<pre>${escaped(reportLines(report).join('\n'))}</pre>
${percentileTable([
  ['to acknowledged', measured.toAcknowledged],
  ['to delivered', measured.toDelivered],
  ['sent later than due', measured.lateness],
])}
${plot('Events a second', seconds, { sent: each => each.sent, acknowledged: each => each.acknowledged, delivered: each => each.delivered, failed: each => each.failed })}
${plot('From due to delivered, ms', seconds, { p50: each => each.p50, p99: each => each.p99 })}
<h2>Configuration</h2><pre>${escaped(JSON.stringify(profile, undefined, 2))}</pre>
${idList('Without an outcome', measured.lost)}${idList('With more than one outcome', measured.doubled)}
</body></html>
`
}

function percentileTable(rows: readonly (readonly [string, Percentiles])[]): string {
  const cells = ([what, { count, p50, p90, p95, p99, max }]: readonly [string, Percentiles]) =>
    `<tr><td>${what}</td><td>${whole(count)}</td>${[p50, p90, p95, p99, max].map(each => `<td>${each ?? ''}</td>`).join('')}</tr>`
  const head = ['ms', 'events', 'p50', 'p90', 'p95', 'p99', 'most'].map(each => `<th>${each}</th>`).join('')
  return `<table><tr>${head}</tr>${rows.map(cells).join('')}</table>`
}

type Line = (second: Second) => number | null

function plot(title: string, seconds: readonly Second[], lines: Readonly<Record<string, Line>>): string {
  const entries = Object.entries(lines)
  const highest = Math.max(1, ...entries.flatMap(([, of]) => seconds.map(each => of(each) ?? 0)))
  const x = (index: number) => LEFT + ((WIDTH - LEFT) * index) / Math.max(1, seconds.length - 1)
  const y = (value: number) => (HEIGHT - BOTTOM) * (1 - value / highest)
  const drawn = entries.map(([, of], i) => {
    const points = seconds.flatMap((each, index) => pointOf(x(index), of(each), y))
    return `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="1.5" points="${points.join(' ')}"/>`
  })
  const legend = entries.map(([name], i) => `<span style="color:${COLOURS[i]}">${name}</span>`)
  return `<figure><figcaption><b>${title}</b> ${legend.join('')}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" font-size="11" fill="currentColor">
<text x="0" y="12">${whole(Math.round(highest))}</text><text x="0" y="${HEIGHT - BOTTOM}">0</text>
<text x="${LEFT}" y="${HEIGHT - 6}">0 s</text><text x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">${seconds.length} s</text>
${drawn.join('\n')}</svg></figure>`
}

/** `undefined` where nothing was measured: a line across the gap would show values that nobody measured. */
function pointOf(x: number, value: number | null, y: (value: number) => number): readonly string[] {
  return value === null ? [] : [`${x.toFixed(1)},${y(value).toFixed(1)}`]
}

function idList(title: string, { count, ids }: LoadReport['measured']['lost']): string {
  if (count === 0) return ''
  return `<h2>${title}: ${whole(count)}</h2><pre>${escaped(ids.join('\n'))}</pre>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string => text.replace(/[&<>"]/g, character => ENTITIES[character] ?? '')
