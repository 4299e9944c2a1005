/** `GET /flow` for callers of different organisations. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FlowWatch } from '#admin/flow.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { encodeReport, type PodReport, podsTopic, REPORT_VERSION } from '#engine/client/pod-report.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { openStream } from './streams.ts'

let opened: Opened
let flow: FlowWatch
beforeAll(async () => {
  opened = await openGateway(scripted())
  const { log, running, gateway } = opened
  const brakes = () => gateway.brakes?.inForce ?? []
  flow = new FlowWatch({ log, plan: running.plan, system: realSystem, brakes })
  await flow.start()
})
afterAll(async () => {
  flow[Symbol.dispose]()
  await opened[Symbol.asyncDispose]()
})

const PROVIDER = {
  name: 'p',
  inFlight: 0,
  limit: 1,
  waiting: 0,
  breakerOpen: true,
  breakerReason: 'Ada-1618',
  needsPerson: false,
}
const REPORT: PodReport = {
  ...{ version: REPORT_VERSION, pod: 'one', release: '1', at: 0, startedAt: 0, phase: 'running', tasks: [] },
  ...{ stages: [], commits: 0, uncommittedAgeMs: 0, limits: {}, providers: [PROVIDER] },
}

async function report(more: Partial<PodReport>): Promise<void> {
  const { pod, at } = { ...REPORT, at: Date.now(), ...more }
  const value = encodeReport({ ...REPORT, ...more, at })
  const records = [{ key: Buffer.from(pod), value, headers: NO_HEADERS, timestamp: at }]
  await opened.log.append([{ topic: podsTopic(opened.running.plan.application), partition: 0, records }])
}

/** All that a caller is shown until the sentence is by this rule. */
async function shown(key: string | undefined, code: string): Promise<string> {
  const held = new HeldKeys()
  held.set(...['acme', 'other'].map(name => keyOf(`caudal_${name}`, name, ['operate'])))
  const keys = key === undefined ? undefined : await ringOf(held)
  const headers = key === undefined ? {} : bearer(key)
  const server = serverOf({ ...opened.gateway, flow }, keys)
  using stream = await openStream(server, { url: '/flow', headers })
  const isThere = (data: Readonly<Record<string, unknown>>) =>
    JSON.stringify(data.bottleneck)?.startsWith(`{"code":"${code}"`)
  await stream.until(sent => sent.some(({ data }) => isThere(data)))
  return stream.text()
}

it('a brake on an organisation and its reason are shown to that organisation, and to no other', async () => {
  const stage = { stage: 'generate', inFlight: 0, inFlightMax: 10, lag: 5, oldestWaitingMs: 0 }
  await report({ stages: [stage], providers: [] })
  const brake = post('/brakes/organization%3Aacme', { reason: 'Ada-2718' })
  await opened.ask({ ...brake, method: 'PUT' })
  expect(await shown(undefined, 'braked')).toContain('Ada-2718')
  expect(await shown('caudal_acme', 'braked')).toContain('Ada-2718')
  expect(await shown('caudal_other', 'flowing')).not.toContain('Ada-2718')
})

it('why a task is blocked, and why nobody calls a provider, is shown to who sees every organisation', async () => {
  await report({ tasks: [{ name: 'generate/0', phase: 'blocked', blockedBy: 'Ada-3141' }] })
  expect(await shown(undefined, 'task_blocked')).toMatch(/Ada-1618.*Ada-3141/s)
  const others = await shown('caudal_acme', 'task_blocked')
  expect(others).toContain('Task generate/0 is blocked: the log of pod one says why')
  expect(others).not.toMatch(/Ada-1618|Ada-3141/)
  const held = new HeldKeys()
  held.set(keyOf('caudal_acme', 'acme', ['operate']))
  const server = serverOf(opened.gateway, await ringOf(held))
  const { body } = await server.inject({ url: '/workers', headers: bearer('caudal_acme') })
  expect(body).toContain('"blocked_by":"The log of the pod says why."')
})

it.each([
  ['holds the flow up while nobody else has its tasks', [], 'pods_silent'],
  ['does not hide other causes once live pods have its tasks', ['generate/0'], 'provider_away'],
])('a pod that died %s', async (_, names, code) => {
  const tasksOf = (all: readonly string[]) => all.map(name => ({ name, phase: 'running' }))
  await report({ pod: 'dead', at: Date.now() - 60_000, tasks: tasksOf(['generate/0']) })
  await report({ tasks: tasksOf(names) })
  const { log, running } = opened
  using watch = new FlowWatch({ log, plan: running.plan, system: realSystem })
  await watch.start()
  expect(watch.now.bottleneck.code).toBe(code)
})
