/** The page on the gateway, each command of it run as it stands there, before what `npm start` serves. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ROOT } from '../tidy/source.ts'
import { type Child, startCaudal } from './process.ts'

const run = promisify(execFile)
const page = readFileSync(join(ROOT, 'docs/gateway.md'), 'utf8')
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text = '']) => text.trim())

/** The address that a process has printed. */
async function addressOf(child: Child): Promise<string> {
  const [, url = ''] = await child.until(/Gateway: (http:\S+)/)
  return url
}

let folder: string
let child: Child
let url: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-gateway-'))
  child = startCaudal(['start'], { DATA_DIR: folder, PORT: '0' })
  url = await addressOf(child)
})
afterAll(async () => {
  child.process.kill('SIGTERM')
  expect((await child.ended).code).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

async function output(command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', command.replaceAll('http://127.0.0.1:8080', url)])
  return stdout
}

const shell = async (command: string) => JSON.parse(await output(command))
const PATIENCE = { timeout: 20_000 }

/** The stages that write the stores are a moment behind the answer. */
async function found(command: string): Promise<void> {
  await vi.waitFor(async () => expect(await shell(command)).toMatchObject({ hit: true }), PATIENCE)
}

async function beginShowAndStop(trying: string): Promise<void> {
  const [begin = '', show = '', stop = ''] = trying.split(/\n(?=curl)/)
  const { id } = await shell(begin)
  expect(await shell(show.replace('ID', id))).toMatchObject({ id, of: expect.any(Number) })
  expect(await shell(stop.replace('ID', id))).toEqual({ stopped: expect.any(Boolean) })
}

describe('the commands of docs/gateway.md', () => {
  it('ask, wait and find an answer again', async () => {
    const [
      ask = '',
      wait = '',
      task = '',
      once = '',
      again = '',
      history = '',
      events = '',
      all = '',
      streamed = '',
      chat = '',
      text = '',
      batch = '',
      list = '',
      caching = '',
      session = '',
      workers = '',
      braking = '',
      replaying = '',
      versions = '',
      promoting = '',
      trying = '',
      topics = '',
      working = '',
      health = '',
      ...others
    ] = commands
    expect(others).toEqual([])
    expect(await shell(ask)).toMatchObject({ queued: true })
    expect(await shell(wait)).toMatchObject({ hit: false, answer: expect.any(String) })
    expect(await shell(once)).toMatchObject({ task_id: 'order-7' })
    expect(await shell(task)).toMatchObject({ task_id: 'order-7', title: 'What is a relay for?' })
    await found(again)
    await vi.waitFor(async () => {
      const { events: found } = await shell(history)
      expect(found.map(({ kind }: { readonly kind: string }) => kind)).toContain('delivered')
    }, PATIENCE)
    expect(await output(events)).toMatch(/event: accepted\n[\s\S]*event: delivered\n/)
    expect(await output(`${all} || true`)).toMatch(/^retry: 1000\n/)
    expect(await output(streamed)).toMatch(/event: token\n[\s\S]*event: delivered\n/)
    expect(await shell(chat)).toMatchObject({ choices: [{ message: { content: expect.any(String) } }] })
    expect(await shell(text)).toMatchObject({ queued: true })
    expect(await shell(batch)).toMatchObject({
      accepted: [{ index: 0 }, { index: 1 }],
      rejected: [{ index: 2 }],
    })
    expect(await output(caching)).toMatch(/"namespace":"q"[\s\S]*"deleted":\d+/)
    expect(await shell(session)).toMatchObject({ user: 'ada', version: 1 })
    expect((await shell(list)).answers).toContainEqual(
      expect.objectContaining({ task_type: expect.any(String) }),
    )
    expect((await shell(workers)).workers).toContainEqual(expect.objectContaining({ phase: 'running' }))
    expect(await output(braking)).toMatch(/"reason":"too dear"[\s\S]*"released":true/)
    // Nothing has failed, and TOKEN is no preview.
    expect(await output(replaying)).toMatch(/"count":0,[\s\S]*failure_unknown[\s\S]*"replays":\[\]/)
    expect(await shell(versions)).toHaveProperty('versions')
    // Nobody has changed the prompts, so that the change is not live.
    expect(await output(promoting)).toMatch(/"code":"version_changed"/)
    await beginShowAndStop(trying)
    const looked = await output(topics)
    expect(looked).toMatch(/"topic":"datos_crudos"[\s\S]*event: record\n[\s\S]*event: done\n/)
    expect(looked.match(/event: done\n/g)).toHaveLength(2)
    expect(await output(working)).toMatch(/"operator":"admit"[\s\S]*"in_progress":\d+/)
    const report = await shell(health)
    expect(report).toMatchObject({ status: 'ok' })
    const names = report.parts.map(({ name }: { readonly name: string }) => name)
    expect(names).toEqual(['log', 'registry', 'database', 'cache', 'provider', 'views'])
  })

  it('find the probes and the document of the routes', async () => {
    for (const path of ['/live', '/ready', '/health', '/openapi.json'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
  })
})

describe('caudal gateway', () => {
  it('takes questions beside a process that holds the embedded log, whose pod answers', async () => {
    const second = startCaudal(['gateway'], { DATA_DIR: folder, PORT: '0' })
    const other = await addressOf(second)
    const ready = async () => (await fetch(`${other}/ready`)).status
    for (let tries = 0; tries < 100 && (await ready()) !== 200; tries++);
    const response = await fetch(`${other}/query?wait=30s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'What is a triode for?', best_answer: 'It amplifies a signal.' }),
    })
    expect(await response.json()).toMatchObject({ state: 'delivered' })
    second.process.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
  })
})
