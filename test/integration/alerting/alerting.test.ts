/**
 * Alerts provoked for real. A Prometheus with the deployed rules scrapes a pod in trouble, and its Alertmanager sends what fires
 * and what resolves. A minute of the rules is a second here; nothing else in them differs.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Alerting } from './alerting.ts'
import { TroubledPod } from './troubled-pod.ts'

const PROGRAMS = ['prometheus', 'prometheus-alertmanager']
const absent = PROGRAMS.filter(program => spawnSync(program, ['--version']).status !== 0)
if (absent.length > 0 && process.env.REQUIRE_STACK === '1')
  throw new TypeError(`not installed, and required: apt-get install ${absent.join(' ')}`)
if (absent.length > 0) console.warn(`skipped: apt-get install ${absent.join(' ')}`)

/** A busy machine alone makes none of these fire. */
const PROVOKED = [
  ...['CaudalCostHigh', 'CaudalUnpricedCalls', 'CaudalBreakerOpen', 'CaudalModelErrors'],
  ...['CaudalDeadLetters', 'CaudalBacklogGrowing', 'CaudalAbsent'],
]

describe.skipIf(absent.length > 0)('the deployed alerts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-troubled-'))
  const pod = new TroubledPod(folder)
  const alerting = new Alerting()

  beforeAll(async () => {
    await pod.start()
    await alerting.start(pod.target)
  })
  afterAll(async () => {
    await pod[Symbol.asyncDispose]()
    await alerting[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are silent while a pod answers questions', async () => {
    pod.feed(2)
    await expect
      .poll(() => alerting.value('sum(caudal_answers_delivered_total)'), { timeout: 30_000 })
      .toBeGreaterThan(20)
    expect(alerting.firing.filter(name => PROVOKED.includes(name))).toEqual([])
  })

  it('name dear answers and models without a price', async () => {
    pod.turn('dear')
    await alerting.sent('CaudalCostHigh', 'firing')
    await alerting.sent('CaudalUnpricedCalls', 'firing')
    pod.turn('good')
  })

  it('name a provider that is away, and resolve once the provider answers', async () => {
    pod.turn('away')
    await alerting.sent('CaudalBreakerOpen', 'firing')
    await alerting.sent('CaudalModelErrors', 'firing')
    pod.turn('good')
    await alerting.sent('CaudalBreakerOpen', 'resolved')
    await alerting.sent('CaudalModelErrors', 'resolved')
  })

  it('name a stage with dead letters, and resolve once no more come', async () => {
    await pod.poison(8)
    await alerting.sent('CaudalDeadLetters', 'firing')
    await alerting.sent('CaudalDeadLetters', 'resolved')
  })

  it('name a backlog that grows, and resolve once the backlog shrinks', async () => {
    pod.turn('slow')
    pod.feed(6)
    await alerting.sent('CaudalBacklogGrowing', 'firing')
    pod.turn('good')
    pod.feed(1)
    await alerting.sent('CaudalBacklogGrowing', 'resolved')
  })

  it('name a pod that does not answer, and resolve once the pod answers', async () => {
    pod.freeze()
    await alerting.sent('CaudalPodDown', 'firing')
    pod.thaw()
    await alerting.sent('CaudalPodDown', 'resolved')
  })

  it('report that no pod is scraped, and resolve once a pod runs', async () => {
    await pod.stop()
    await alerting.sent('CaudalAbsent', 'firing')
    await pod.run()
    await alerting.sent('CaudalAbsent', 'resolved')
  })

  it('on money resolve with their windows', async () => {
    await alerting.sent('CaudalCostHigh', 'resolved')
    await alerting.sent('CaudalUnpricedCalls', 'resolved')
  })
})
