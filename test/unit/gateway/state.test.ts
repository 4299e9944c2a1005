/** What an operator has stored, and what is in progress, over HTTP: for who sees all organisations. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { podsNow } from '#admin/pods.ts'
import { silent } from '#core/loggers.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { encodeReport, type PodReport, podsTopic, REPORT_VERSION } from '#engine/client/pod-report.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import type { Model } from '#models/model.ts'
import { REPLY } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const PATIENCE = { timeout: 20_000 }

type Row = Readonly<Record<string, unknown>>

let opened: Opened
let answer: () => void
beforeAll(async () => {
  const released = Promise.withResolvers<void>()
  answer = () => released.resolve()
  const model: Model = {
    async complete() {
      await released.promise
      return REPLY
    },
  }
  opened = await openGateway(model)
})
afterAll(async () => {
  answer()
  await opened[Symbol.asyncDispose]()
})

const fields = async (url: string) => (await opened.ask({ url })).body

describe('GET /in-progress', () => {
  it('lists what waits for a call, the oldest first, and nothing once it is answered', async () => {
    const { log, running } = opened
    await using reporting = new PodReporting(running, { log, logger: silent, release: '1.2.3' })
    reporting.start()
    expect(await fields('/in-progress')).toMatchObject({ in_progress: 0, work: [] })
    const first = await opened.ask(post('/query', { title: 'What is a fuse for?' }))
    const work = await vi.waitFor(async () => {
      const found = await fields('/in-progress?stage=generate')
      expect(found.in_progress).toBe(1)
      return found.work as readonly Row[]
    }, PATIENCE)
    expect(work).toMatchObject([
      {
        ...{
          key: first.body.task_id,
          pod: 'pod',
          operator: 'generate',
          attempt: 1,
          waits_for: 'call',
          behind: 0,
        },
        running_ms: expect.any(Number),
        place: expect.stringMatching(/^llm\.requests\/\d+@0$/),
      },
    ])
    expect(await fields('/in-progress?stage=score')).toMatchObject({ in_progress: 0, work: [] })
    answer()
    await vi.waitFor(async () => expect((await fields('/in-progress')).in_progress).toBe(0), PATIENCE)
  })

  it('says where a breaker or a person is waited for, and shows nothing of a pod that is silent', async () => {
    const work = { task: 'score/1', id: 'a', key: null, place: 'x/0@1', attempt: 2, behind: 3, ageMs: 5_000 }
    const report: PodReport = {
      ...{
        version: REPORT_VERSION,
        pod: 'other',
        release: '1',
        at: Date.now(),
        startedAt: 1,
        phase: 'running',
      },
      tasks: [
        { name: 'score/1', phase: 'running' },
        { name: 'score/2', phase: 'blocked', blockedBy: 'TOPIC_DELETED' },
      ],
      stages: [{ stage: 'score', inFlight: 2, inFlightMax: 9, lag: 0, oldestWaitingMs: 0 }],
      ...{ commits: 1, uncommittedAgeMs: 0, limits: {} },
      providers: [
        {
          name: 'gpt',
          limit: 9,
          inFlight: 0,
          waiting: 4,
          breakerOpen: true,
          breakerReason: 'away',
          needsPerson: false,
        },
      ],
      work: [
        { ...work, waitsFor: 'call', operator: 'score' },
        { ...work, task: 'score/2', id: 'b', waitsFor: 'retry', ageMs: 9_000 },
      ],
    }
    const put = (pod: PodReport) =>
      opened.log.append([
        {
          ...{ topic: podsTopic(opened.running.plan.application), partition: 0 },
          records: [
            { key: Buffer.from(pod.pod), value: encodeReport(pod), headers: NO_HEADERS, timestamp: pod.at },
          ],
        },
      ])
    await put({ ...report, pod: 'gone', at: Date.now() - 60_000 })
    await put(report)
    const { log, running, gateway } = opened
    const pods = () => podsNow(log, running.plan.application, realSystem)
    const server = serverOf({ ...gateway, pods })
    const { body } = await asked(server, { url: '/in-progress?stage=score' })
    expect(body).toMatchObject({
      in_progress: 2,
      work: [
        { id: 'b', waits_for: 'blocked', attempt: 2, behind: 3 },
        { id: 'a', waits_for: 'breaker', operator: 'score' },
      ],
      providers: [{ pod: 'other', provider: 'gpt', waiting: 4, breaker: 'away' }],
    })
    expect(JSON.stringify(body)).not.toContain('gone')
  })
})

describe('GET /state/{operator}/{key}', () => {
  it('shows values and timers under a key, read by their schemas, and no other key', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', { title: 'What is a coil for?' }))
    const id = String(body.task_id)
    await vi.waitFor(async () => {
      const found = await fields(`/state/admit/${encodeURIComponent(id)}`)
      expect(found).toMatchObject({ operator: 'admit', key: id })
      const entries = found.entries as readonly Row[]
      expect(entries.length).toBeGreaterThan(0)
      for (const entry of entries)
        expect(entry).toMatchObject({
          ...{ kind: expect.stringMatching(/^(value|map|timer)$/), expired: false },
          record: { form: expect.stringMatching(/^(avro|json|timer)$/) },
        })
    }, PATIENCE)
    expect(await fields('/state/admit/nobody')).toMatchObject({ entries: [] })
    expect(await fields('/state?operator=admit&record_key=..')).toMatchObject({ key: '..', entries: [] })
    expect((await fields('/state/nobody/x')).code).toBe('operator_unknown')
    expect((await fields('/state/admit/%ED%A0%80')).code).toBe('request_malformed')
  })
})

it('a key of an organisation sees neither', async () => {
  const held = new HeldKeys()
  held.set(keyOf('caudal_acme', 'acme', ['ask', 'read', 'operate', 'admin']))
  const server = serverOf(opened.gateway, await ringOf(held))
  for (const url of [
    '/in-progress',
    '/state/admit/x',
    '/state/nobody/x',
    '/state?operator=admit&record_key=x',
  ])
    expect((await asked(server, { url, headers: bearer('caudal_acme') })).body.code).toBe(
      'organization_bound',
    )
})
