/** Conditions of --fail-if, comparison, and the report as a page. */
import { describe, expect, it } from 'vitest'
import { htmlReport } from '#load/html-report.ts'
import { Meter } from '#load/meter.ts'
import { compared, isLoadReport, type LoadReport, reportLines } from '#load/report.ts'
import { conditionsIn, figuresOf, holding } from '#load/verdict.ts'

/** Four events, due at 0 and answered after 100, 200, 300 and never; the last one failed. */
function meterOf(): Meter {
  let now = 0
  const meter = new Meter('run', () => now)
  for (let i = 0; i < 4; i++) meter.acknowledged(meter.sending(0))
  for (let i = 0; i < 3; i++) {
    now += 100
    meter.delivered(`run-${i}`)
  }
  meter.failed('run-3', '<b>timeout</b>')
  return meter
}

function reportOf(meter = meterOf()): LoadReport {
  return {
    ...{ version: 1, target: 'the log & its <topics>', machine: 'm', finishedAt: '2026-01-01T00:00:00Z' },
    profile: {
      ...{ perSecond: 1, rampMs: 0, durationMs: 1, bursts: [], taskTypes: {} },
      ...{ organisations: {}, repeatedShare: 0, hostileShare: 0, seed: 1 },
    },
    conditionsMet: [],
    measured: meter.read(),
  }
}

const held = (text: string) =>
  holding(conditionsIn(text), figuresOf(meterOf().read())).map(condition => condition.text)

describe('conditions', () => {
  it('conditions hold at their edge as they are written', () => {
    expect(held('p50>200ms, p50>=200ms, p50<200ms, p50<=200ms')).toEqual(['p50>=200ms', 'p50<=200ms'])
  })

  it('conditions take seconds, per cent and counts', () => {
    expect(held('max>0.2s,failed.share>25%,failed.share>=25%,delivered<4')).toEqual([
      'max>0.2s',
      'failed.share>=25%',
      'delivered<4',
    ])
  })

  it('conditions hold where nothing was measured: no bound was kept', () => {
    const figures = figuresOf(new Meter('run', () => 0).read())
    expect(holding(conditionsIn('p99>500ms'), figures).length).toBe(1)
  })

  it.each(['p99', 'p99>', 'p98>5ms', 'p99>5x', 'p99=5ms', '', 'p99>-1ms'])(
    '%j is refused with the figures',
    text => {
      expect(() => conditionsIn(text)).toThrow(/--fail-if: [\s\S]*figures are p50/)
    },
  )
})

describe('the report', () => {
  it('the report says what was lost and doubled', () => {
    const meter = meterOf()
    meter.acknowledged(meter.sending(0))
    meter.delivered('run-0')
    const lines = reportLines(reportOf(meter))
    expect(lines).toContain('1 without an outcome: run-4')
    expect(lines).toContain('1 with more than one outcome: run-0')
  })

  it('the report is a page in which no text of others becomes markup', () => {
    const page = htmlReport(reportOf())
    expect(page).toContain('the log &amp; its &lt;topics&gt;')
    expect(page).toContain('&lt;b&gt;timeout')
    expect(page).not.toContain('<b>timeout')
    expect(page).not.toMatch(/(src|href)=/)
  })

  it('the report is compared figure by figure', () => {
    const rows = compared(reportOf(), reportOf())
    expect(rows.find(each => each.figure === 'p50')).toEqual({
      figure: 'p50',
      before: 200,
      now: 200,
      ratio: 1,
    })
    expect(rows.find(each => each.figure === 'lost')?.ratio).toBeNull()
  })

  it('the report is known from any other JSON, after a passage through text too', () => {
    expect(isLoadReport(JSON.parse(JSON.stringify(reportOf())))).toBe(true)
    for (const other of [null, 1, [], {}, { version: 2 }]) expect(isLoadReport(other)).toBe(false)
  })
})
