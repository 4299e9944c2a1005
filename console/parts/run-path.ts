/** The path of one question as a reader sees it: attempt after attempt, with what was asked, answered, judged and paid. */
import { html, nothing, svg, type TemplateResult } from 'lit-html'
import type { Attempt, Path } from '../attempts.ts'
import { answerBefore } from '../attempts.ts'
import { now } from '../clock.ts'
import { clockTime, count, duration, score, usd, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import type { Draft } from '../pieces.ts'
import type { RunEvent } from '../shapes.ts'
import { harmless } from '../shown.ts'
import { differenceOf, textOf } from './text.ts'

/** As it stood at a time; now where none is given. */
export const pathView = (path: Path, at: number = now.value): TemplateResult =>
  html`<h2 class="visually-hidden">${t('path.attempts')}</h2>
    <ol class="attempts" aria-label=${t('path.attempts')}>
      ${path.attempts.map(attempt => attemptView(attempt, path, at))}
    </ol>
    ${path.end ? endView(path.end) : nothing}`

function attemptView(attempt: Attempt, path: Path, at: number): TemplateResult {
  const { answered, judged, failures, waiting } = attempt
  const isLast = path.attempts.at(-1) === attempt
  const isReplaced =
    answered !== undefined &&
    path.attempts.slice(path.attempts.indexOf(attempt) + 1).some(each => each.answered)
  return html`<li class="card attempt">
    <h3>${attemptName(attempt)} ${answered ? whenOf(answered) : nothing}</h3>
    ${failures.map(failureView)}
    ${waiting && path.end === undefined && isLast ? waitView(waiting, at) : nothing}
    ${answered ? answerView(answered, answerBefore(path, attempt), isReplaced) : nothing}
    ${judged ? verdictView(judged) : answered && isLast && !path.end ? html`<p class="faint">${t('path.unjudged')}</p>` : nothing}
  </li>`
}

export const attemptName = ({ round, number }: Attempt): string =>
  round === 0 ? t('path.attempt', { number }) : t('path.attemptAgain', { number, round })

const whenOf = ({ at }: RunEvent): TemplateResult =>
  html`<time class="faint" datetime=${at} title=${wholeTime(at)}>${clockTime(at)}</time>`

function failureView(event: RunEvent): TemplateResult {
  const { error_type: type = '', reason = '', step = '' } = event
  return html`<div class="notice bad">
    <p><strong>${t('path.callFailed', { step: named('step', step) })}</strong> ${named('error', type)} ${whenOf(event)}</p>
    <p class="wrap">${harmless(reason)}</p>
    ${event.reply ? html`<details><summary>${t('path.uselessReply')}</summary>${textOf(event.reply)}</details>` : nothing}
    ${factsOf(event)}
  </div>`
}

function waitView({ until, reason = '' }: RunEvent, at: number): TemplateResult {
  const left = (until ?? 0) - at
  return html`<p class="notice warn" role="status">
    ${until === undefined ? t('path.stopped') : left > 0 ? t('path.waits', { left: duration(left) }) : t('path.waitsDue')} ${harmless(reason)}
  </p>`
}

function answerView(event: RunEvent, before: string | undefined, isReplaced: boolean): TemplateResult {
  const { reply = '' } = event
  return html`${event.messages ? messagesView(event) : digestView(event)}
    <h4>${isReplaced ? t('path.answerReplaced') : t('path.answer')}</h4>
    <div class=${isReplaced ? 'replaced' : ''}>${textOf(reply)}</div>
    ${
      before === undefined
        ? nothing
        : html`<details><summary>${t('path.difference')}</summary>${differenceOf(before, reply)}</details>`
    }
    ${factsOf(event)}`
}

const messagesView = ({ messages = [] }: RunEvent): TemplateResult =>
  html`<details>
    <summary>${t('path.messages', { count: count(messages.length) })}</summary>
    <dl class="messages">
      ${messages.map(({ role, content }) => html`<dt>${named('role', role)}</dt><dd>${textOf(content)}</dd>`)}
    </dl>
  </details>`

const digestView = ({ messages_digest: digest }: RunEvent): TemplateResult | typeof nothing =>
  digest === undefined ? nothing : html`<p class="faint wrap">${t('path.digest')} <code>${digest}</code></p>`

function verdictView(event: RunEvent): TemplateResult {
  const { scores = {}, final, feedback = '' } = event
  return html`<h4>${t('path.verdict')} <span class="final">${score(final)}</span></h4>
    <ul class="scores" aria-label=${t('path.scores')}>
      ${Object.entries(scores).map(
        ([criterion, value]) => html`<li>
        <span>${harmless(named('mark', criterion))}</span>${scoreBar(value)}<span class="number">${score(value)}</span>
      </li>`,
      )}
    </ul>
    ${feedback === '' ? nothing : html`<blockquote>${textOf(feedback)}</blockquote>`}
    ${event.messages ? messagesView(event) : nothing}
    ${factsOf(event)}`
}

const scoreBar = (value: number): TemplateResult =>
  html`<svg class="score-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class="track" width="100" height="8" rx="4"></rect><rect class=${value < 5 ? 'low' : value < 7 ? 'middle' : 'high'} width=${Math.max(1, Math.min(100, value * 10))} height="8" rx="4"></rect>`}
  </svg>`

/** Model, prompt, tokens, price, time and identity of a call that brought something. */
function factsOf(event: RunEvent): TemplateResult {
  const {
    model,
    prompt_version: version,
    tokens_prompt: sent,
    tokens_completion: made,
    latency_ms: ms,
  } = event
  const isBought = typeof sent === 'number'
  const facts: readonly (readonly [string, string])[] = [
    ...(model === undefined ? [] : [[t('fact.model'), harmless(model)] as const]),
    ...(version === undefined ? [] : [[t('fact.prompt'), harmless(version)] as const]),
    ...(isBought
      ? [[t('fact.tokens'), t('fact.tokensValue', { sent: count(sent), made: count(made) })] as const]
      : []),
    ...(isBought ? [[t('fact.cost'), priceOf(event)] as const] : []),
    ...(ms === undefined ? [] : [[t('fact.latency'), duration(ms)] as const]),
    ...(event.request_id ? [[t('fact.request'), harmless(event.request_id)] as const] : []),
    ...(event.trace_id ? [[t('fact.trace'), event.trace_id] as const] : []),
  ]
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

const priceOf = ({ cost_usd: price }: RunEvent): string =>
  typeof price === 'number' ? usd(price) : t('price.unknown')

function endView(event: RunEvent): TemplateResult {
  if (event.kind === 'failed')
    return html`<section class="card end failed" aria-label=${t('path.end')}>
      <h3>${t('path.failed')} ${whenOf(event)}</h3>
      <p>${named('reason', event.reason ?? '')}</p>
      <ul>${(event.faults ?? []).map(fault => html`<li class="wrap">${harmless(fault)}</li>`)}</ul>
    </section>`
  return html`<section class="card end delivered" aria-label=${t('path.end')}>
    <h3>${t('path.delivered')} <span class="final">${score(event.final)}</span> ${whenOf(event)}</h3>
    ${event.below_threshold ? html`<p class="notice warn">${t('path.belowThreshold')}</p>` : nothing}
    ${textOf(event.answer ?? '')}
  </section>`
}

/** What a model writes now: nobody has judged it, and another answer may be delivered. */
export const draftView = (draft: Draft | undefined): TemplateResult | typeof nothing =>
  draft === undefined
    ? nothing
    : html`<section class="card attempt" aria-label=${t('path.draft')}>
        <h3>${t('path.attempt', { number: draft.attempt })}</h3>
        <p class="faint">${t('path.draft')}</p>
        ${textOf(draft.text, draft.requestId)}
      </section>`

/** What the whole path has cost so far. */
export const spentView = ({ usd: spent, unpriced, tokens }: Path): TemplateResult =>
  html`<span>${usd(spent)}${unpriced > 0 ? html` + ${t('price.unpriced', { count: count(unpriced) })}` : nothing}
    <span class="faint">· ${t('fact.tokensAll', { count: count(tokens) })}</span></span>`
