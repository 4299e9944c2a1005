/** What a pod tells of itself over HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { configurationOf } from '#cli/environment.ts'
import { main } from '#cli/main.ts'
import { type ServedProbes, serveProbes } from '#cli/serving.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import type { PodStatus } from '#engine/pod/pod-status.ts'
import type { TaskPhase } from '#engine/task/task-lifecycle.ts'
import type { Watched, WatchedPod } from '#observability/probes.ts'
import { dataFolder, plan } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
})

async function served(configuration = configurationOf({ PORT: '0' })) {
  let url = ''
  const info = (_: string, fields: object = {}) => {
    if ('url' in fields) url = String(fields.url)
  }
  const probes = await serveProbes(configuration, { system: realSystem, logger: { ...silent, info } })
  opened.push(probes)
  return { probes, url }
}

const wellStatus: PodStatus = {
  phase: 'running',
  hasJoined: true,
  tasks: [{ name: 'admit/0', phase: 'running', blockedBy: undefined }],
}
const wellPod: WatchedPod = { plan, status: () => wellStatus, responds: () => Promise.resolve() }
const wellLog: Watched['log'] = { bounds: async () => [{ start: 0, end: 0 }] }

function watch(probes: ServedProbes, pod: Partial<WatchedPod> = {}, log = wellLog): void {
  probes.watch({ log, running: { ...wellPod, ...pod } })
}

function watchStatus(probes: ServedProbes, status: Partial<PodStatus>): void {
  watch(probes, { status: () => ({ ...wellStatus, ...status }) })
}

const task = (name: string, phase: TaskPhase) => ({ name, phase, blockedBy: undefined })

async function asked(url: string, path: string, method = 'GET') {
  const response = await fetch(`${url}${path}`, { method })
  const { ok, reasons } = JSON.parse(await response.text())
  expect(ok).toBe(response.status === 200)
  return { status: response.status, reasons }
}

describe('the probe /ready', () => {
  it('answers 200 for a pod whose tasks all run on a log that answers', async () => {
    const { probes, url } = await served()
    watch(probes)
    expect(await asked(url, '/ready')).toEqual({ status: 200, reasons: [] })
  })

  it('answers 200 for a pod without tasks, or with a task that leaves, once the pod has joined', async () => {
    const { probes, url } = await served()
    watchStatus(probes, { tasks: [task('admit/0', 'leaving')] })
    expect((await asked(url, '/ready')).status).toBe(200)
    watchStatus(probes, { tasks: [], hasJoined: false })
    expect(await asked(url, '/ready')).toEqual({
      status: 503,
      reasons: ['the pod has not joined its group yet'],
    })
  })

  it('answers 503 while a pod starts or stops', async () => {
    const { probes, url } = await served()
    expect((await asked(url, '/ready')).reasons).toEqual([expect.stringContaining('the pod is starting')])
    watchStatus(probes, { phase: 'stopping' })
    expect(await asked(url, '/ready')).toEqual({ status: 503, reasons: ['the pod is stopping'] })
  })

  it('names the tasks that do not run', async () => {
    const { probes, url } = await served()
    const restoring = Array.from({ length: 12 }, (_, n) => task(`s/${n}`, 'restoring'))
    watchStatus(probes, { tasks: [...restoring, task('admit/0', 'blocked')] })
    expect(await asked(url, '/ready')).toEqual({
      status: 503,
      reasons: ['restoring: s/0, s/1, s/2, s/3, s/4, s/5, s/6, s/7, s/8, s/9 and 2 more', 'blocked: admit/0'],
    })
  })

  it('names the resources that are unhealthy, and those that do not answer', async () => {
    const { probes, url } = await served()
    const resources = [
      { name: 'cache', isHealthy: async () => true },
      { name: 'database', isHealthy: async () => false },
      { name: 'queue', isHealthy: () => new Promise<never>(() => {}) },
    ]
    watch(probes, { resources })
    expect(await asked(url, '/ready')).toEqual({ status: 503, reasons: ['unhealthy: database, queue'] })
    watch(probes, { resources: resources.slice(0, 1) })
    expect((await asked(url, '/ready')).status).toBe(200)
  })

  it('asks the log one question at a time, and waits less than a second', async () => {
    const { probes, url } = await served()
    let questions = 0
    const bounds = () => {
      questions++
      return new Promise<never>(() => {})
    }
    watch(probes, {}, { bounds })
    const both = await Promise.all([asked(url, '/ready'), asked(url, '/ready')])
    expect(both.map(({ reasons }) => reasons)).toEqual([
      ['the log does not answer'],
      ['the log does not answer'],
    ])
    expect(questions).toBe(1)
    watch(probes, {}, { bounds: () => Promise.reject(new TypeError('away')) })
    expect((await asked((await served()).url, '/ready')).status).toBe(503)
  })
})

describe('caudal probe', () => {
  async function probed(url: string, name: string) {
    const { port } = new URL(url)
    const { world, stderr } = surroundings({ environment: { PORT: port } })
    return { code: await main(['probe', name], world), stderr: stderr.text }
  }

  it('ends with 0 where the process is as asked, and otherwise with 4 and the reasons', async () => {
    const { probes, url } = await served()
    expect(await probed(url, 'live')).toEqual({ code: EXIT.ok, stderr: '' })
    expect(await probed(url, 'ready')).toMatchObject({
      code: EXIT.unavailable,
      stderr: expect.stringMatching(/^not ready: the pod is starting/),
    })
    watch(probes)
    expect((await probed(url, 'ready')).code).toBe(EXIT.ok)
  })

  it('reports an address where nothing answers, and refuses an unknown probe', async () => {
    const { code, stderr } = await probed('http://127.0.0.1:1', 'live')
    expect(code).toBe(EXIT.unavailable)
    expect(stderr).toContain('127.0.0.1:1/live does not answer')
    expect((await probed('http://127.0.0.1:1', 'well')).code).toBe(EXIT.usage)
  })

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
    ['0:0:0:0:0:0:0:0', '[::1]'],
    ['::1', '[::1]'],
    ['fd00::7', '[fd00::7]'],
    ['localhost', 'localhost'],
  ])('asks a process that listens on %s at %s', async (host, address) => {
    const { world, stderr } = surroundings({ environment: { HOST: host, PORT: '1' } })
    expect(await main(['probe', 'live'], world)).toBe(EXIT.unavailable)
    expect(stderr.text).toContain(`http://${address}:1/live does not answer`)
    expect(stderr.text).not.toContain('Invalid URL')
  })
})

describe('the probe /live', () => {
  it('answers 200 for a pod that steps or has not started yet', async () => {
    const { probes, url } = await served()
    expect((await asked(url, '/live')).status).toBe(200)
    watch(probes)
    expect((await asked(url, '/live')).status).toBe(200)
  })

  it('answers 503 for a pod that has failed or does not step', async () => {
    const { probes, url } = await served()
    watchStatus(probes, { phase: 'failed' })
    expect(await asked(url, '/live')).toEqual({ status: 503, reasons: ['the pod is failed'] })
    watch(probes, { responds: () => new Promise<never>(() => {}) })
    expect(await asked(url, '/live')).toEqual({
      status: 503,
      reasons: ['the pod has not stepped for 800 ms'],
    })
  })
})

describe('the server of the probes', () => {
  it('refuses other paths and other methods', async () => {
    const { url } = await served()
    expect((await asked(url, '/other')).status).toBe(404)
    expect((await asked(url, '/ready', 'POST')).status).toBe(405)
  })

  it('listens on loopback, on a free port where the default port is taken and PORT is not set', async () => {
    const other = createServer()
    await new Promise<void>(listening => other.listen(0, '127.0.0.1', listening))
    const { port } = other.address() as AddressInfo
    const { url } = await served({ ...configurationOf({}), port })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(url).not.toContain(`:${port}`)
    const { world, stderr } = surroundings({ environment: { DATA_DIR: dataFolder(), PORT: String(port) } })
    expect(await main(['run'], world)).toBe(EXIT.configuration)
    expect(stderr.text).toContain(`HOST 127.0.0.1, PORT ${port}: nothing can be served there`)
    await new Promise(closed => other.close(closed))
  })

  it('reports on a real pod', async () => {
    const { world, stderr, stop } = surroundings({ environment: { DATA_DIR: dataFolder(), PORT: '0' } })
    const ended = main(['run'], world)
    await stderr.until(/the pod runs/)
    const url = /"url":"([^"]+)"/.exec(stderr.text)?.[1] ?? ''
    expect((await asked(url, '/live')).status).toBe(200)
    let ready = await asked(url, '/ready')
    while (ready.status !== 200) ready = await asked(url, '/ready')
    expect(ready.reasons).toEqual([])
    const scrape = await fetch(`${url}/metrics`)
    expect(scrape.headers.get('content-type')).toContain('text/plain')
    const text = await scrape.text()
    expect(text).toMatch(/^caudal_tasks\{stage="generate"\} 8$/m)
    expect(text).toMatch(/^caudal_model_breaker_open\{provider="127\.0\.0\.1:\d+"\} 0$/m)
    stop()
    expect(await ended).toBe(EXIT.ok)
  })
})
