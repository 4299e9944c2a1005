/** Pods: who works, on what, how much is under way and waits, and who was not heard of any more. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal } from '../api.ts'
import { now, repeatedly } from '../clock.ts'
import { count, duration, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { loading, refusalBox } from '../parts/states.ts'
import type { Worker } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

const EVERY_MS = 2_000

interface Seen {
  readonly workers: readonly Worker[]
  readonly at: number
}

export function podsPage(): Page {
  const seen = signal<Seen | undefined>(undefined)
  const refusal = signal<Refusal | undefined>(undefined)
  const stop = repeatedly(EVERY_MS, async () => {
    const answer = await ask<Pick<Seen, 'workers'>>('/workers')
    refusal.value = answer instanceof Refusal ? answer : undefined
    if (!(answer instanceof Refusal)) seen.value = { workers: answer.workers, at: now.peek() }
  })
  return {
    view: () => html`<h1>${t('pods.title')}</h1>
      ${refusal.value ? refusalBox(refusal.value) : nothing}
      ${seen.value ? listView(seen.value) : refusal.value ? nothing : loading()}`,
    close: stop,
  }
}

function listView({ workers, at }: Seen): TemplateResult {
  if (workers.length === 0) return html`<p class="empty">${t('flow.noPods')}</p>`
  const passed = Math.max(0, now.value - at)
  const silent = workers.filter(worker => worker.silent_since !== undefined).length
  return html`<p class="faint" role="status">${t('pods.count', { count: count(workers.length), silent: count(silent) })}</p>
    ${repeat(
      workers,
      ({ pod }) => pod,
      worker => podView(worker, passed),
    )}`
}

function podView(worker: Worker, passed: number): TemplateResult {
  const { pod, version, phase, silent_since: silentSince, started_at: startedAt } = worker
  const phases = Map.groupBy(worker.tasks, task => task.phase)
  const blocked = worker.tasks.filter(task => task.blocked_by !== undefined)
  const isSilent = silentSince !== undefined
  return html`<section class="card ${isSilent ? 'silent' : ''}" aria-label=${t('pods.pod', { name: harmless(pod) })}>
    <h2 class="wrap"><bdi>${harmless(pod)}</bdi> <span class="chip ${isSilent ? 'failed' : phase === 'running' ? 'delivered' : 'waiting'}">${isSilent ? t('pods.silent') : phaseOf(phase)}</span>
      <span class="faint">${t('pods.version', { version: harmless(version) })}</span></h2>
    ${isSilent ? html`<p class="notice bad">${t('pods.silentSince', { time: wholeTime(silentSince) })}</p>` : nothing}
    <dl class="facts">
      <div><dt>${t('pods.heard')}</dt><dd>${t('pods.ago', { time: duration(worker.heard_ago_ms + passed) })}</dd></div>
      ${startedAt === undefined ? nothing : html`<div><dt>${t('pods.started')}</dt><dd><time datetime=${startedAt} title=${wholeTime(startedAt)}>${t('pods.ago', { time: duration(Math.max(0, now.value - Date.parse(startedAt))) })}</time></dd></div>`}
      <div><dt>${t('column.tasks')}</dt><dd>${[...phases].map(([name, tasks]) => `${count(tasks.length)} ${phaseOf(name)}`).join(', ') || t('pods.noTasks')}</dd></div>
      <div><dt>${t('column.inFlight')}</dt><dd>${count(worker.in_flight)}</dd></div>
      <div><dt>${t('column.lag')}</dt><dd>${count(worker.lag)}</dd></div>
      ${worker.commits === undefined ? nothing : html`<div><dt>${t('pods.commits')}</dt><dd>${count(worker.commits)}</dd></div>`}
      ${worker.uncommitted_ms === undefined ? nothing : html`<div><dt>${t('pods.uncommitted')}</dt><dd>${duration(worker.uncommitted_ms)}</dd></div>`}
    </dl>
    ${blocked.map(task => html`<p class="notice bad wrap">${t('pods.blocked', { task: harmless(task.name) })} ${harmless(task.blocked_by ?? '')}</p>`)}
    <details><summary>${t('pods.stages')}</summary><div class="scroll"><table>
      <thead><tr><th scope="col">${t('column.stage')}</th><th scope="col" class="number">${t('column.inFlight')}</th>
        <th scope="col" class="number">${t('column.lag')}</th><th scope="col" class="number">${t('column.oldest')}</th><th scope="col">${t('column.tasks')}</th></tr></thead>
      <tbody>${worker.stages.map(
        stage => html`<tr><th scope="row">${harmless(stage.stage)}</th>
          <td class="number">${count(stage.in_flight)} <span class="faint">/ ${count(stage.in_flight_max)}</span></td>
          <td class="number">${count(stage.lag)}</td>
          <td class="number">${stage.oldest_waiting_ms > 0 ? duration(stage.oldest_waiting_ms) : '–'}</td>
          <td class="wrap">${tasksOf(worker, stage.stage)}</td></tr>`,
      )}</tbody>
    </table></div></details>
  </section>`
}

const phaseOf = (phase: string): string => harmless(named('phase', phase))

const tasksOf = ({ tasks }: Worker, stage: string): string =>
  tasks
    .filter(({ name }) => name.startsWith(`${stage}/`))
    .map(({ name, phase }) =>
      phase === 'running'
        ? name.slice(stage.length + 1)
        : `${name.slice(stage.length + 1)} ${phaseOf(phase)}`,
    )
    .join(', ')
