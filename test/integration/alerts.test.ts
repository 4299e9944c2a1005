/** Each alert fires above its threshold and is silent at it, also over a restart of the pod: asked of promtool. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { ALERT_CASES } from '../unit/deploy/prometheus/alert-cases.ts'
import type { AlertCase, Series } from '../unit/deploy/prometheus/alert-series.ts'

const RULES = join(import.meta.dirname, '../../deploy/prometheus/rules.yml')
const folder = mkdtempSync(join(tmpdir(), 'caudal-rules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) console.warn('skipped: promtool is not here; apt-get install prometheus')

describe.skipIf(!hasPromtool)('promtool', () => {
  it.each(ALERT_CASES.map(each => [each.alert, each] as const))(
    '%s fires above its threshold, and is silent at it',
    (_, each) => {
      expect(tested(each, each.fires, true)).toBe('')
      expect(tested(each, each.silent, false)).toBe('')
    },
  )

  it('sees an alert whose metric was renamed', () => {
    const [first] = ALERT_CASES
    if (!first) throw new TypeError('there is no case')
    expect(tested(first, { 'caudal_tasks_stuck{stage="score"}': '1x120' }, true)).toContain('FAILED')
  })
})

/** What promtool prints of a test that fails; nothing for one that passes. */
function tested({ alert, at, labels = {} }: AlertCase, series: Series, fires: boolean): string {
  const test = {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: at,
        exp_samples: fires ? [{ labels: '{}', value: 1 }] : [],
      },
      ...(fires && Object.keys(labels).length > 0
        ? [
            {
              expr: `count(ALERTS{alertname="${alert}",alertstate="firing",${selectorOf(labels)}})`,
              eval_time: at,
              exp_samples: [{ labels: '{}', value: 1 }],
            },
          ]
        : []),
    ],
  }
  const path = join(folder, 'test.yml')
  writeFileSync(path, stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: [test] }))
  // promtool writes what failed to its standard error output.
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}`
}

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')
