/** Background processes of the local services: found again, never started twice, never taken for another's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BackgroundProcess, pidOf, startProcess, stopProcess } from '#deploy/local/process.ts'

let folder: string
let port: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stack-'))
  port = await freePort()
})

afterEach(() => rmSync(folder, { recursive: true }))

/** A process that listens on the port, or runs whatever script is given. */
function processOf(script = `require('net').createServer().listen(${port}, '127.0.0.1')`): BackgroundProcess {
  return {
    name: 'service',
    command: process.execPath,
    arguments: ['-e', script, folder],
    mark: folder,
    pidFile: join(folder, 'pids', 'service.pid'),
    logFile: join(folder, 'logs', 'service.log'),
    port,
    readyWithinMs: 10_000,
  }
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

it('a local service starts once, is found again, and stops', async () => {
  const service = processOf()
  expect(await startProcess(service)).toBe('started')
  const pid = pidOf(service)
  expect(pid).toBeGreaterThan(0)
  expect([await startProcess(service), pidOf(service)]).toEqual(['running', pid])
  expect(await stopProcess(service)).toBe('stopped')
  expect([pidOf(service), await stopProcess(service)]).toEqual([undefined, 'not running'])
})

it('a local service never takes another process for its own, whatever its file says', async () => {
  const service = processOf()
  await startProcess(service)
  const other = { ...service, mark: 'no command line has this', pidFile: join(folder, 'other.pid') }
  writeFileSync(other.pidFile, readFileSync(service.pidFile))
  expect(pidOf(other)).toBeUndefined()
  expect(await stopProcess(other)).toBe('not running')
  expect(pidOf(service)).toBeGreaterThan(0)
  await stopProcess(service)
})

it('a local service does not start on a port that another process has', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await expect(startProcess(processOf())).rejects.toThrow(`port ${port}`)
  await new Promise(resolve => server.close(resolve))
})

it('a local service shows the end of its log when the process ends by itself', async () => {
  const service = processOf("console.log('no room left'); process.exit(3)")
  await expect(startProcess(service)).rejects.toThrow('no room left')
})
