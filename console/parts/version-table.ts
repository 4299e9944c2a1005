/** Versions side by side: their figures with intervals, small distributions, and the time when each was live. */
import { html, nothing, svg, type TemplateResult } from 'lit-html'
import { clockTime, count, decimal, duration, NONE, percent, usd, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { linkTo } from '../place.ts'
import type { Distribution, Interval, Measured, Version, VersionLives } from '../shapes.ts'
import { harmless } from '../shown.ts'
import { bandOf, type Compared, idOf, MARKS, type Mark, questionsOf } from '../versions.ts'

type Query = Readonly<Record<string, string | undefined>>

export interface Listed {
  readonly versions: readonly Version[]
  readonly compared: Compared | undefined
  readonly query: Query
}

/** Which two are compared is chosen here, by two groups of radio buttons. */
export const figuresView = (listed: Listed): TemplateResult =>
  html`<div class="scroll"><table class="runs">
    <thead><tr>
      <th scope="col">${t('versions.a')}</th><th scope="col">${t('versions.b')}</th>
      <th scope="col">${t('versions.version')}</th><th scope="col">${t('versions.model')}</th>
      <th scope="col" class="number">${t('versions.answers')}</th>
      <th scope="col" class="number">${named('mark', 'final')}</th><th scope="col">${t('versions.distribution')}</th>
      <th scope="col" class="number">${t('versions.below')}</th><th scope="col" class="number">${t('column.attempts')}</th>
      <th scope="col" class="number">${t('column.cost')}</th><th scope="col" class="number">${t('versions.latency')}</th>
    </tr></thead>
    <tbody>${listed.versions.map(version => figureRow(version, listed))}</tbody>
  </table></div>`

function figureRow(version: Version, { compared, query }: Listed): TemplateResult {
  const { answers, marks, below_threshold: below, attempts, latency_ms: latency } = version
  const id = idOf(version)
  const choose = (side: 'a' | 'b') => () => {
    const sides = { a: compared && idOf(compared.a), b: compared && idOf(compared.b) }
    location.hash = linkTo('versions', '', { ...query, ...sides, [side]: id })
  }
  const radio = (side: 'a' | 'b') => {
    const other = compared?.[side === 'a' ? 'b' : 'a']
    return html`<input type="radio" name="side-${side}" aria-label=${t(`versions.${side}.choose`, nameOf(version))}
      .checked=${compared?.[side] === version} ?disabled=${other === version} @change=${choose(side)} />`
  }
  return html`<tr>
    <td>${radio('a')}</td><td>${radio('b')}</td>
    <th scope="row" class="wrap"><bdi>${harmless(version.prompt_version)}</bdi></th>
    <td class="wrap"><bdi>${harmless(version.model)}</bdi></td>
    <td class="number"><a href=${questionsOf(version, query.organization)} aria-label=${t('versions.questions', { count: count(answers), ...nameOf(version) })}>${count(answers)}</a>
      ${version.few ? html`<br /><span class="amber-text" title=${t('versions.fewText')}>${t('versions.few')}</span>` : nothing}</td>
    <td class="number">${meanView(marks.final)}</td>
    <td>${histogram(marks.final, 'final')}</td>
    <td class="number">${percent(below.share)}${intervalView(below.interval, percent)}</td>
    <td class="number">${meanView(attempts)}</td>
    <td class="number">${costView(version)}</td>
    <td class="number" title=${t('versions.latencyText')}>${duration(latency.p50)}<br /><span class="faint">${duration(latency.p95)}</span></td>
  </tr>`
}

const nameOf = ({ prompt_version, model }: Version) => ({
  version: harmless(prompt_version),
  model: harmless(model),
})

/** Never 0 for what is not known. */
function costView({ cost_usd: cost }: Version): TemplateResult {
  const left =
    cost.unpriced > 0
      ? html`<br /><span class="amber-text">${t('versions.unpriced', { count: count(cost.unpriced) })}</span>`
      : nothing
  if (cost.mean === undefined) return html`${t('price.unknown')}${left}`
  return html`${usd(cost.mean)}${intervalView(cost.interval, usd)}${left}`
}

const meanView = ({ mean, interval }: Measured): TemplateResult =>
  html`${mean === undefined ? NONE : decimal(mean)}${intervalView(interval, decimal)}`

function intervalView(
  interval: Interval | undefined,
  text: (value: number) => string,
): TemplateResult | typeof nothing {
  const [low, high] = interval ?? []
  return low === undefined || high === undefined
    ? nothing
    : html`<br /><span class="faint" title=${t('versions.interval')}>${text(low)} – ${text(high)}</span>`
}

const BAR = 9
const HEIGHT = 28

/** Ten bars; what they show is said in words too. */
function histogram({ bins }: Distribution, mark: Mark): TemplateResult {
  const most = Math.max(1, ...bins)
  const said = bins.map((amount, bin) => `${bin}–${bin + 1}: ${count(amount)}`).join(', ')
  return html`<svg class="histogram" viewBox="0 0 ${bins.length * BAR} ${HEIGHT}" role="img" aria-label=${t('versions.bins', { mark: named('mark', mark), bins: said })}>
    ${bins.map((amount, bin) => {
      const height = amount === 0 ? 0 : Math.max(1.5, (amount / most) * (HEIGHT - 2))
      return svg`<rect class="ground" x=${bin * BAR} y=${HEIGHT - 1} width=${BAR - 1} height="1"></rect><rect class="bar" x=${bin * BAR} y=${HEIGHT - height} width=${BAR - 1} height=${height}></rect>`
    })}
  </svg>`
}

/** The five criteria of each version. */
export const criteriaView = (versions: readonly Version[]): TemplateResult =>
  html`<details><summary>${t('versions.criteria')}</summary>
    <div class="scroll"><table class="runs">
      <thead><tr><th scope="col">${t('versions.version')}</th>
        ${MARKS.slice(1).map(mark => html`<th scope="col" class="number">${named('mark', mark)}</th>`)}</tr></thead>
      <tbody>${versions.map(
        version => html`<tr><th scope="row" class="wrap"><bdi>${harmless(version.prompt_version)}</bdi> <span class="faint">${harmless(version.model)}</span></th>
          ${MARKS.slice(1).map(mark => html`<td class="number">${meanView(version.marks[mark])}<br />${histogram(version.marks[mark], mark)}</td>`)}</tr>`,
      )}</tbody>
    </table></div>
  </details>`

/** A band for each version: the darker, the more answers in that part of the time. */
export function livesView(
  versions: readonly Version[],
  live: VersionLives | undefined,
): TemplateResult | typeof nothing {
  if (!live) return nothing
  const bands = versions.map(version => bandOf(live, version))
  const most = Math.max(1, ...bands.flat())
  const end = Date.parse(live.from) + (bands[0]?.length ?? 0) * live.width_ms
  return html`<section class="card" aria-label=${t('versions.live')}><h2>${t('versions.live')}</h2>
    <dl class="bands">${versions.map(
      (
        version,
        index,
      ) => html`<dt class="wrap"><bdi>${harmless(version.prompt_version)}</bdi> <span class="faint">${harmless(version.model)}</span></dt>
        <dd>${bandView(bands[index] ?? [], most)}
          <span class="faint">${t('versions.liveFrom', { from: wholeTime(version.first_at), to: wholeTime(version.last_at) })}</span></dd>`,
    )}</dl>
    <p class="faint">${t('versions.liveText', { from: wholeTime(live.from), to: wholeTime(end), slice: duration(live.width_ms) })}</p>
  </section>`
}

const bandView = (band: readonly number[], most: number): TemplateResult =>
  html`<svg class="band" viewBox="0 0 ${band.length} 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="ground" width=${band.length} height="10"></rect>
    ${band.map((amount, slice) => (amount === 0 ? nothing : svg`<rect class="bar" x=${slice} width="1" height="10" opacity=${0.35 + (0.65 * amount) / most}></rect>`))}
  </svg>`

export const asOfView = (at: number, now: number): TemplateResult =>
  html`<span title=${clockTime(at)}>${t('money.asOf', { time: duration(Math.max(0, now - at)) })}</span>`
