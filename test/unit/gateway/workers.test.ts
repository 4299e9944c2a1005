/** The pods as the gateway lists them. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { silent } from '#core/loggers.ts'
import { NO_HEADERS } from '#core/record.ts'
import { encodeReport, type PodReport, podsTopic, REPORT_VERSION } from '#engine/client/pod-report.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway } from './open-gateway.ts'

let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted())
})
afterAll(() => opened[Symbol.asyncDispose]())

const listed = async () => {
  const { status, body } = await opened.ask({ url: '/workers' })
  expect(status).toBe(200)
  return body.workers as readonly Readonly<Record<string, unknown>>[]
}

/** A report comes every two seconds. */
const PATIENCE = { timeout: 20_000 }

const LOST: PodReport = {
  ...{ version: REPORT_VERSION, pod: 'lost', release: '0.9.0', at: 1_000, startedAt: 500, phase: 'running' },
  tasks: [{ name: 'score/1', phase: 'blocked', blockedBy: 'TOPIC_DELETED' }],
  stages: [{ stage: 'score', inFlight: 3, inFlightMax: 9, lag: 40, oldestWaitingMs: 7.5 }],
  ...{ commits: 12, uncommittedAgeMs: 0, limits: {} },
}

it('GET /workers lists nobody before a pod has reported, then each pod with tasks and lag, and silent pods', async () => {
  expect(await listed()).toEqual([])
  const { log, running } = opened
  await using reporting = new PodReporting(running, { log, logger: silent, release: '1.2.3' })
  reporting.start()
  const [pod] = await vi.waitFor(async () => {
    const found = await listed()
    expect(found[0]?.tasks).toContainEqual({ name: 'generate/0', phase: 'running' })
    return found
  }, PATIENCE)
  expect(pod).toMatchObject({
    ...{ pod: 'pod', version: '1.2.3', phase: 'running', in_flight: 0, lag: 0 },
    stages: expect.arrayContaining([expect.objectContaining({ stage: 'generate', in_flight: 0 })]),
  })
  expect(pod).not.toHaveProperty('silent_since')
  const at = Date.now() - 60_000
  const value = encodeReport({ ...LOST, at })
  const topic = podsTopic(running.plan.application)
  const records = [{ key: Buffer.from('lost'), value, headers: NO_HEADERS, timestamp: at }]
  await log.append([{ topic, partition: 0, records }])
  const lost = await vi.waitFor(async () => {
    const found = (await listed()).find(({ pod: name }) => name === 'lost')
    expect(found).toBeDefined()
    return found
  })
  expect(lost).toMatchObject({
    ...{ version: '0.9.0', in_flight: 3, lag: 40, commits: 12 },
    tasks: [{ name: 'score/1', phase: 'blocked', blocked_by: 'TOPIC_DELETED' }],
  })
})

it('GET /workers shows the report of a later version with what is known of it', async () => {
  const report = {
    version: 2,
    pod: 'later',
    at: Date.now(),
    phase: 'dreaming',
    stages: [null, { stage: 's' }],
  }
  const value = Buffer.from(JSON.stringify(report))
  const records = [{ key: Buffer.from('later'), value, headers: NO_HEADERS, timestamp: report.at }]
  const topic = podsTopic(opened.running.plan.application)
  await opened.log.append([{ topic, partition: 0, records }])
  const later = await vi.waitFor(async () => {
    const found = (await listed()).find(({ pod: name }) => name === 'later')
    expect(found).toBeDefined()
    return found
  }, PATIENCE)
  expect(later).toMatchObject({
    ...{ phase: 'dreaming', version: 'unknown', in_flight: 0, lag: 0, tasks: [] },
    stages: [{ stage: 's', in_flight: 0, lag: 0 }],
  })
})
