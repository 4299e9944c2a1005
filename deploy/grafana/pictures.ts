/** Draws the committed dashboards with the data of a real Prometheus: uPlot in Chromium, a PNG for each. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { type Committed, committedDashboards, filledIn } from './committed.ts'
import { type DrawnPanel, pageOf } from './picture-page.ts'
import { queriedRange } from './prometheus.ts'

export interface PictureOptions {
  readonly prometheus: string
  readonly minutes: number
  /** Made where it is not there. */
  readonly folder: string
}

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const WIDTH_PX = 1_400
const POINTS = 180

/** The paths of the pictures. */
export async function pictures({ prometheus, minutes, folder }: PictureOptions): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const paths: string[] = []
    for (const dashboard of committedDashboards()) {
      const panels = await drawn(dashboard, prometheus, minutes)
      const page = await browser.newPage({ viewport: { width: WIDTH_PX, height: 900 } })
      await page.setContent(pageOf(dashboard, panels, assets()))
      await page.waitForFunction('window.isDrawn')
      const path = join(folder, `${dashboard.uid}.png`)
      await page.screenshot({ path, fullPage: true })
      await page.close()
      paths.push(path)
    }
    return paths
  } finally {
    await browser.close()
  }
}

function assets(): { readonly script: string; readonly style: string } {
  const folder = join(createRequire(import.meta.url).resolve('uplot'), '..')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { script: read('uPlot.iife.min.js'), style: read('uPlot.min.css') }
}

function drawn({ panels }: Committed, prometheus: string, minutes: number): Promise<readonly DrawnPanel[]> {
  const end = Date.now() / 1_000
  const range = { start: end - minutes * 60, end, stepSeconds: Math.max(5, (minutes * 60) / POINTS) }
  return Promise.all(
    panels.map(async panel => {
      const { type, title, gridPos, fieldConfig, targets = [] } = panel
      const found = await Promise.all(
        targets.map(({ expr, legendFormat }) =>
          queriedRange(prometheus, filledIn(expr, '1m'), legendFormat, range),
        ),
      )
      const defaults = fieldConfig?.defaults
      return {
        type,
        title,
        gridPos,
        unit: defaults?.unit ?? 'short',
        isStacked: defaults?.custom?.stacking?.mode === 'normal',
        limits: (defaults?.thresholds?.steps ?? []).flatMap(({ value, color }) =>
          value === null ? [] : [{ value, color }],
        ),
        lines: found.flat(),
      }
    }),
  )
}
