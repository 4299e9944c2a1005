/** The river: stages and topics as they are planned, with what flows and what waits. */
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit-html'
import type { Picture, Placed } from '../flow-layout.ts'
import { count, duration, rate } from '../format.ts'
import { t } from '../language.ts'
import type { Flow, StageFlow, TopicFlow } from '../shapes.ts'

export interface Pictured {
  readonly picture: Picture
  readonly flow: Flow
  readonly chosen: string | undefined
  choose(stage: string): void
}

export function flowPicture(pictured: Pictured): TemplateResult {
  const { picture, flow } = pictured
  const { width, height, nodes, lines } = picture
  const stages = new Map(flow.stages.map(each => [each.name, each]))
  const topics = new Map(flow.topics.map(each => [each.name, each]))
  return html`<div class="scroll river"><svg
    viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="group" aria-label=${t('flow.picture')}>
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
        <path d="M0,0.5L7.5,4L0,7.5z" class="arrow"></path>
      </marker>
      <pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" class="held-ground"></rect><rect width="3" height="6" class="held-stripe"></rect>
      </pattern>
    </defs>
    ${lines.map(({ from, to, kind, path }) => {
      const flowing =
        kind === 'writes'
          ? topics.get(to)?.perSecond
          : kind === 'reads'
            ? topics.get(from)?.perSecond
            : stages.get(from)?.out
      return svg`<path d=${path} class="line ${kind} ${(flowing ?? 0) > 0 ? 'moving' : ''}" stroke-width=${widthOf(flowing)} marker-end="url(#arrow)"></path>`
    })}
    ${nodes.map(node => (node.kind === 'stage' ? stageBox(node, stages.get(node.name), pictured) : topicPill(node, topics.get(node.name))))}
  </svg></div>`
}

/** By its order of magnitude: a line ten times as wide would hide the others. */
const widthOf = (perSecond: number | null | undefined): number =>
  !perSecond ? 1.2 : Math.min(8, 1.8 + Math.log10(1 + perSecond) * 2)

const BAR = { height: 6, margin: 8 }

function stageBox(
  { name, x, y, width, height }: Placed,
  stage: StageFlow | undefined,
  { flow, chosen, choose }: Pictured,
): SVGTemplateResult {
  const [left, top] = [x - width / 2, y - height / 2]
  const isBottleneck = flow.bottleneck.stage === name
  const tone = stage?.blocked ? 'blocked' : isBottleneck ? 'bottleneck' : chosen === name ? 'chosen' : ''
  const label = stage
    ? t('flow.stageLabel', {
        name,
        in: rate(stage.in),
        lag: count(stage.lag),
        inFlight: count(stage.inFlight),
      })
    : name
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    choose(name)
  }
  const pressed = chosen === name ? 'true' : 'false'
  return svg`<g class="stage ${tone}" transform="translate(${left} ${top})" @click=${() => choose(name)}>
    <rect class="box" width=${width} height=${height} rx="9"></rect>
    <g aria-hidden="true"><text class="name" x="9" y="18">${name}</text>${stage ? stageFigures(stage, width) : nothing}</g>
    <rect class="hit" width=${width} height=${height} rx="9" tabindex="0" role="button" aria-label=${label} aria-pressed=${pressed} @keydown=${press}></rect>
  </g>`
}

function stageFigures(stage: StageFlow, width: number): SVGTemplateResult {
  const wide = width - 2 * BAR.margin
  const [busy, held] = [stage.busy * wide, stage.held * wide]
  const waits = stage.lag > stage.inFlight ? stage.lag - stage.inFlight : 0
  return svg`<text class="figure" x="9" y="34">${t('flow.perSecond', { rate: rate(stage.in) })}</text>
    <text class="figure end" x=${width - 9} y="34">${stage.inFlight > 0 ? t('flow.inFlight', { count: count(stage.inFlight) }) : ''}</text>
    <text class=${waits > 0 ? 'figure waits' : 'figure'} x="9" y="49">${waits > 0 ? t('flow.waiting', { count: count(waits) }) : ''}</text>
    <text class="figure end" x=${width - 9} y="49">${waits > 0 && stage.oldestMs > 1_000 ? duration(stage.oldestMs) : ''}</text>
    <rect class="track" x=${BAR.margin} y="55" width=${wide} height=${BAR.height} rx="3"></rect>
    <rect class="busy" x=${BAR.margin} y="55" width=${busy} height=${BAR.height} rx="3"></rect>
    <rect class="held" fill="url(#stripes)" x=${BAR.margin + busy} y="55" width=${held} height=${BAR.height} rx="3"></rect>`
}

function topicPill({ name, x, y, width, height }: Placed, topic: TopicFlow | undefined): SVGTemplateResult {
  const waits = topic?.waiting ?? 0
  return svg`<g class="topic ${waits > 0 ? 'waits' : ''}" transform="translate(${x - width / 2} ${y - height / 2})">
    <title>${name}</title>
    <rect class="box" width=${width} height=${height} rx=${height / 2}></rect>
    <text class="name" x=${width / 2} y="14">${name}</text>
    <text class="figure" x=${width / 2} y="27">${t('flow.topicFigures', { rate: rate(topic?.perSecond), waiting: count(topic?.waiting) })}</text>
  </g>`
}
