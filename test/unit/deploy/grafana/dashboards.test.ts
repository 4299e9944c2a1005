/** The dashboards: committed as the code makes them, about metrics that exist, and understood without asking anybody. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configurationOf } from '#cli/environment.ts'
import { planOf } from '#cli/topology.ts'
import { committedDashboards, JSON_FOLDER } from '#deploy/grafana/committed.ts'
import { DASHBOARDS, grafanaJson } from '#deploy/grafana/grafana.ts'
import { METRIC_TABLE } from '#observability/metrics/metrics.ts'

const rows = Object.values(METRIC_TABLE).flat()
const panels = committedDashboards().flatMap(({ uid, panels }) => panels.map(panel => ({ uid, ...panel })))
const queries = panels.flatMap(({ uid, title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ at: `${uid}, ${title}`, expr, legendFormat })),
)

describe('the committed dashboards', () => {
  it.each(DASHBOARDS.map(each => [each.uid, each] as const))(
    'equal what the code makes: %s',
    (uid, dashboard) => {
      // Written by: npm run dashboards -- write
      expect(readFileSync(join(JSON_FOLDER, `${uid}.json`), 'utf8')).toBe(grafanaJson(dashboard))
    },
  )

  it('are those of the code and no others', () => {
    expect(readdirSync(JSON_FOLDER).toSorted()).toEqual(DASHBOARDS.map(({ uid }) => `${uid}.json`).toSorted())
  })

  it('name no data source, because each installation has another one', () => {
    for (const { uid } of DASHBOARDS) {
      const text = readFileSync(join(JSON_FOLDER, `${uid}.json`), 'utf8')
      const named = [...text.matchAll(/"uid": "([^"]*)"/g)].map(([, name]) => name)
      expect(new Set(named)).toEqual(new Set([uid, '$datasource']))
      expect(text).not.toContain('${DS_')
    }
  })
})

describe('the panels of the dashboards', () => {
  const drawn = panels.filter(({ type }) => type !== 'row')

  it('have a title of their own in their dashboard, a unit, and a sentence on what a bad value means', () => {
    const titles = drawn.map(({ uid, title }) => `${uid} ${title}`)
    expect(new Set(titles).size).toBe(titles.length)
    for (const { title, description, fieldConfig } of drawn) {
      expect(description, title).toMatch(/^.{30,}\.$/)
      expect(fieldConfig?.defaults.unit, title).toBeDefined()
    }
  })

  it('do not overlap', () => {
    const taken = new Set<string>()
    for (const { uid, title, gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          const cell = `${uid} ${x} ${y}`
          expect(taken.has(cell), `${uid}, ${title}`).toBe(false)
          taken.add(cell)
        }
  })
})

describe('the queries of the dashboards', () => {
  it('read metrics that a pod exports, by labels that those metrics have', () => {
    for (const { at, expr } of queries)
      for (const [, name = '', selector = ''] of expr.matchAll(
        /\b((?:caudal|process|nodejs|cache|http)_\w+)\{([^}]*)\}/g,
      )) {
        const row = rows.find(({ metric, kind }) =>
          kind === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') === metric : name === metric,
        )
        expect(row, `${at}: ${name}`).toBeDefined()
        const labels = [...selector.matchAll(/(\w+)(?:=~|!=|=)/g)].map(([, label]) => label)
        expect(
          labels.filter(label => label !== 'job' && !row?.labels.includes(label ?? '')),
          `${at}: ${name}`,
        ).toEqual([])
      }
  })

  it('group by labels that their metrics have, and show no other label in a legend', () => {
    for (const { at, expr, legendFormat } of queries) {
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '')
      const names = [...expr.matchAll(/\b((?:caudal|process)_\w+)\{/g)].map(([, name = '']) => name)
      const known = rows
        .filter(({ metric }) => names.some(name => name.startsWith(metric)))
        .flatMap(({ labels }) => labels)
      expect(
        shown.filter(label => ![...known, 'instance'].includes(label)),
        at,
      ).toEqual([])
    }
  })

  it('name only stages and topics of the graph', () => {
    const { stages, topicSpecs } = planOf(configurationOf({}))
    for (const { at, expr } of queries) {
      for (const [, stage] of expr.matchAll(/\bstage!?="([^"]+)"/g))
        expect(
          stages.map(({ name }) => name),
          at,
        ).toContain(stage)
      for (const [, topic] of expr.matchAll(/\btopic!?="([^"]+)"/g))
        expect(
          topicSpecs.map(({ name }) => name),
          at,
        ).toContain(topic)
    }
  })

  it('read counters as rates, and gauges as they are', () => {
    for (const { at, expr } of queries)
      for (const [, before = '', name = ''] of expr.matchAll(
        /(rate\()?\b((?:caudal|process|cache|http)_\w+)\{/g,
      )) {
        const isCounted = name.endsWith('_total') || /_(bucket|sum|count)$/.test(name)
        expect(before !== '', `${at}: ${name}`).toBe(isCounted)
      }
  })
})
