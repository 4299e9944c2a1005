/**
 * Alerts provoked for real. A Prometheus with the rules that are deployed scrapes a pod in trouble. Its Alertmanager sends what
 * fires and what is over. A minute of the rules is a second here; nothing else of them differs.
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
  throw new TypeError(`not installed, and needed: apt-get install ${absent.join(' ')}`)
if (absent.length > 0) console.warn(`skipped: apt-get install ${absent.join(' ')}`)

describe.skipIf(absent.length > 0)('alerts', () => {
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

  it('dear and weak answers, models without a price and events that are none fire', async () => {
    pod.turn('weak')
    pod.feed({ questions: 2, invalid: 2 })
    for (const name of ['CostHigh', 'UnpricedCalls', 'BelowThreshold', 'InvalidInput'])
      await alerting.sent(`Caudal${name}`, 'firing')
  })

  it('a provider that is away fires, and is over once it answers', async () => {
    pod.turn('away')
    pod.feed({ questions: 2, invalid: 0 })
    await alerting.sent('CaudalBreakerOpen', 'firing')
    await alerting.sent('CaudalModelErrors', 'firing')
    pod.turn('good')
    await alerting.sent('CaudalBreakerOpen', 'resolved')
    await alerting.sent('CaudalModelErrors', 'resolved')
  })

  it('questions that nothing can be made of fire, and are over once there are answers again', async () => {
    pod.turn('nonsense')
    await alerting.sent('CaudalQuestionsGivenUp', 'firing')
    pod.turn('good')
    await alerting.sent('CaudalQuestionsGivenUp', 'resolved')
  })

  it('a backlog that grows fires, and is over once it shrinks', async () => {
    pod.turn('slow')
    pod.feed({ questions: 6, invalid: 0 })
    await alerting.sent('CaudalBacklogGrowing', 'firing')
    pod.turn('good')
    pod.feed({ questions: 1, invalid: 0 })
    await alerting.sent('CaudalBacklogGrowing', 'resolved')
  })

  it('a pod that is frozen fires, and is over once it goes on', async () => {
    pod.freeze()
    await alerting.sent('CaudalPodDown', 'firing')
    pod.thaw()
    await alerting.sent('CaudalPodDown', 'resolved')
  })

  it('no pod at all fires, and is over once one is started', async () => {
    await pod.stop()
    await alerting.sent('CaudalAbsent', 'firing')
    await pod.run()
    await alerting.sent('CaudalAbsent', 'resolved')
  })

  it('money, scores and input are over with their windows', async () => {
    for (const name of ['CostHigh', 'UnpricedCalls', 'BelowThreshold', 'InvalidInput'])
      await alerting.sent(`Caudal${name}`, 'resolved', 120_000)
    expect(alerting.complete.length).toBeGreaterThanOrEqual(10)
  })
})
