/**
 * Background processes that outlive the command: started with a log and a file holding their id, found again by that
 * file, stopped by that id.
 *
 * The machine may hand out a process id again after a restart. So a process counts as ours only when its command line
 * also holds a mark that nothing else has: the path of our data folder.
 */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HOST } from './addresses.ts'
import { StackError } from './stack-error.ts'

export interface BackgroundProcess {
  readonly name: string
  readonly command: string
  readonly arguments: readonly string[]
  /** A part of the command line that no other process has. */
  readonly mark: string
  readonly pidFile: string
  readonly logFile: string
  readonly user?: User
  /** Asks for an orderly end; SIGTERM where nothing is said. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT'
  /** The port that it listens on once it is ready. */
  readonly port: number
  readonly readyWithinMs: number
  /** Asked when the port answers; the port alone counts where it is absent. */
  readonly ready?: () => Promise<boolean>
}

export interface User {
  readonly uid: number
  readonly gid: number
}

const POLL_MS = 100
const STOP_WITHIN_MS = 20_000

/** The id of the running process, if it runs. */
export function pidOf(process: BackgroundProcess): number | undefined {
  if (!existsSync(process.pidFile)) return undefined
  const pid = Number(readFileSync(process.pidFile, 'utf8'))
  return commandOf(pid).includes(process.mark) ? pid : undefined
}

/** Starts what does not run yet; resolves once it answers. */
export async function startProcess(process: BackgroundProcess): Promise<'started' | 'running'> {
  if (pidOf(process) !== undefined) {
    await untilReady(process, () => pidOf(process) !== undefined)
    return 'running'
  }
  if (await answers(process.port)) {
    throw new StackError(`port ${process.port}, wanted by ${process.name}, is taken by another program`)
  }
  mkdirSync(dirname(process.logFile), { recursive: true })
  mkdirSync(dirname(process.pidFile), { recursive: true })
  const log = openSync(process.logFile, 'a')
  const child = spawn(process.command, process.arguments, {
    detached: true,
    stdio: ['ignore', log, log],
    ...process.user,
  })
  closeSync(log)
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  writeFileSync(process.pidFile, String(child.pid))
  child.unref()
  // Not asked by its command line, which a program may rewrite while it starts, as Redis does.
  await untilReady(process, () => child.exitCode === null && child.signalCode === null)
  return 'started'
}

/** Asks the process to end, waits, and kills it when it does not. */
export async function stopProcess(process: BackgroundProcess): Promise<'stopped' | 'not running'> {
  const pid = pidOf(process)
  if (pid !== undefined) {
    globalThis.process.kill(pid, process.stopSignal ?? 'SIGTERM')
    if (!(await until(STOP_WITHIN_MS, async () => pidOf(process) === undefined))) {
      globalThis.process.kill(pid, 'SIGKILL')
      await until(STOP_WITHIN_MS, async () => pidOf(process) === undefined)
    }
  }
  rmSync(process.pidFile, { force: true })
  return pid === undefined ? 'not running' : 'stopped'
}

/** Whether something accepts connections on the port of the loopback address. */
export function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, HOST)
    const end = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

async function untilReady(process: BackgroundProcess, runs: () => boolean): Promise<void> {
  const ready = await until(process.readyWithinMs, async () => {
    if (!runs()) throw new StackError(`${process.name} ended by itself${tailOf(process)}`)
    return (await answers(process.port)) && (await (process.ready?.() ?? true))
  })
  if (!ready) {
    throw new StackError(`${process.name} is not ready after ${process.readyWithinMs} ms${tailOf(process)}`)
  }
}

async function until(withinMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
    if (await condition()) return true
    await pause(POLL_MS)
  }
  return condition()
}

function tailOf(process: BackgroundProcess): string {
  const lines = readFileSync(process.logFile, 'utf8').trimEnd().split('\n')
  return `; the end of ${process.logFile}:\n${lines.slice(-10).join('\n')}`
}

/** The command line of a process; empty when there is none, or when it has ended and waits for its parent. */
function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    // `ps` answers with status 1 when there is no such process.
    if (error instanceof Error && 'status' in error && error.status === 1) return ''
    throw new StackError(`cannot run ps, which tells whether a process runs: ${error}`)
  }
}
