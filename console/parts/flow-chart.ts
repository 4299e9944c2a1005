/** The last minutes as lines: what came in, what was answered, what waited. A gap stays a gap. */
import { html, type TemplateResult } from 'lit-html'
import { AsyncDirective } from 'lit-html/async-directive.js'
import { directive, type ElementPart } from 'lit-html/directive.js'
import uPlot from 'uplot'
import { language, t, type Word } from '../language.ts'
import { theme } from '../theme.ts'

export interface Past {
  readonly at: readonly number[]
  readonly in: readonly (number | null)[]
  readonly out: readonly (number | null)[]
  readonly waiting: readonly (number | null)[]
}

const HEIGHT = 170

class Drawn extends AsyncDirective {
  #plot: uPlot | undefined
  #look = ''
  #observer: ResizeObserver | undefined

  render(_past: Past): undefined {
    return undefined
  }

  override update({ element }: ElementPart, [past]: [Past]): undefined {
    const look = `${language.value} ${theme.value}`
    if (element instanceof HTMLElement && (!this.#plot || this.#look !== look)) this.#draw(element)
    this.#look = look
    this.#plot?.setData([past.at.map(time => time / 1_000), [...past.in], [...past.out], [...past.waiting]])
    return undefined
  }

  override disconnected(): void {
    this.#observer?.disconnect()
    this.#plot?.destroy()
    this.#plot = undefined
  }

  override reconnected(): void {
    this.#look = ''
  }

  #draw(element: HTMLElement): void {
    this.disconnected()
    this.#plot = new uPlot(optionsFor(element), [[], [], [], []], element)
    this.#observer = new ResizeObserver(() =>
      this.#plot?.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    this.#observer.observe(element)
  }
}

const drawn = directive(Drawn)

export const flowChart = (past: Past): TemplateResult =>
  html`<div class="chart" role="img" aria-label=${t('flow.chart')} ${drawn(past)}></div>`

function optionsFor({ clientWidth }: HTMLElement): uPlot.Options {
  return {
    width: clientWidth || 600,
    height: HEIGHT,
    legend: { show: true, live: true },
    cursor: { y: false },
    scales: { y: { range: fromZero(1) }, w: { range: fromZero(4) } },
    series: [
      { label: t('chart.time') },
      { ...line('chart.in', '--blue'), width: 1.6 },
      { ...line('chart.out', '--green'), width: 1.6 },
      { ...line('chart.waiting', '--amber'), fill: colour('--amber-wash'), width: 1.2, scale: 'w' },
    ],
    axes: axes(),
  }
}

const fromZero =
  (least: number) =>
  (_plot: uPlot, _min: number | null, max: number | null): [number, number] => [
    0,
    Math.max(least, (max ?? 0) * 1.1),
  ]

const line = (word: Word, name: string): uPlot.Series => ({
  label: t(word),
  stroke: colour(name),
  spanGaps: false,
  points: { show: false },
})

function axes(): uPlot.Axis[] {
  const axis = {
    stroke: colour('--faint'),
    grid: { stroke: colour('--edge'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  }
  return [axis, { ...axis, size: 44 }, { ...axis, side: 1, scale: 'w', size: 44, grid: { show: false } }]
}

/** Of the page: the element may not stand on it yet. */
const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()
