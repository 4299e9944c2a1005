/** The alerts: about metrics that exist, each with a runbook, each with cases for promtool (test/integration/alerts.test.ts). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { configurationOf } from '#cli/environment.ts'
import { planOf } from '#cli/topology.ts'
import { METRIC_TABLE } from '#observability/metrics/metrics.ts'
import { ALERT_CASES } from './alert-cases.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const RULES = join(ROOT, 'deploy/prometheus/rules.yml')

interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}

const file = parse(readFileSync(RULES, 'utf8'))
const rules: readonly AlertRule[] = file.groups.flatMap((group: { rules: AlertRule[] }) => group.rules)

describe('the alerts', () => {
  it('have names of their own, a known severity, and a summary', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Caudal[A-Z]\w+$/)
      expect(['critical', 'warning'], alert).toContain(labels.severity)
      expect(annotations.summary, alert).not.toBe('')
    }
  })

  it('read metrics that a pod exports, by labels that those metrics have', () => {
    const rows = Object.values(METRIC_TABLE).flat()
    for (const { alert, expr } of rules)
      for (const [, name = '', selector = ''] of expr.matchAll(
        /\b((?:caudal|cache|http)_\w+)(?:\{([^}]*)\})?/g,
      )) {
        const row = rows.find(({ metric }) => name.replace(/_bucket$/, '') === metric)
        expect(row, `${alert}: ${name}`).toBeDefined()
        const labels = [...selector.matchAll(/(\w+)(?:=~|!=|=)/g)].map(([, label]) => label ?? '')
        expect(
          labels.filter(label => !row?.labels.includes(label)),
          `${alert}: ${name}`,
        ).toEqual([])
      }
  })

  it('name only stages of the graph', () => {
    const stages = planOf(configurationOf({})).stages.map(({ name }) => name)
    const named = rules.flatMap(({ expr }) =>
      [...expr.matchAll(/\bstage!?=~?"([^"]+)"/g)].map(([, name]) => name),
    )
    expect(named.length).toBeGreaterThan(3)
    for (const name of named.flatMap(each => (each ?? '').split('|')))
      expect(
        stages.filter(stage => new RegExp(`^${name}$`).test(stage)),
        name,
      ).not.toEqual([])
  })

  it('have a runbook each, and each runbook has an alert', () => {
    const pages = rules.map(({ annotations }) => annotations.runbook_url)
    expect(pages.filter(page => !existsSync(join(ROOT, page)))).toEqual([])
    const names = readdirSync(join(ROOT, 'docs/runbooks')).filter(name => name !== 'README.md')
    expect(names.map(name => `docs/runbooks/${name}`).toSorted()).toEqual(pages.toSorted())
  })

  it('are the rules that the Prometheus operator gets', async () => {
    const object = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'caudal' },
      spec: file,
    }
    const head =
      '# Made from rules.yml by: npx vitest run --project tests test/unit/deploy/prometheus/rules.test.ts --update\n'
    await expect(head + stringify(object, { lineWidth: 0 })).toMatchFileSnapshot(
      join(ROOT, 'deploy/prometheus/prometheus-rule.yaml'),
    )
  })

  it('have a case that fires and a case that does not', () => {
    expect(new Set(ALERT_CASES.map(({ alert }) => alert))).toEqual(new Set(rules.map(({ alert }) => alert)))
  })
})
