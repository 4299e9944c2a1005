/** Runs the command in a process of its own and gives back what it wrote and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../tidy/source.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Child {
  readonly process: ChildProcess
  /** Resolves to the match as soon as the output matches; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpMatchArray>
  readonly ended: Promise<Ended>
}

/** Nothing of the machine's own settings: a key that lies around must not be spent by a test. */
export function startCaudal(words: readonly string[], environment: Readonly<Record<string, string>>): Child {
  const { PATH = '' } = process.env
  return startChild(process.execPath, [join(ROOT, 'cli/caudal.js'), ...words], { PATH, ...environment })
}

/** Any program, with nothing of this process's environment but what is given. */
export function startChild(
  command: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Child {
  const child = spawn(command, words, { env, cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>(resolve => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const until = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const found = stdout.match(pattern)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      void ended.then(end => reject(new TypeError(`it ended before ${pattern}: ${end.stdout}${end.stderr}`)))
    })
  return { process: child, until, ended }
}

export function runCaudal(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  return startCaudal(words, environment).ended
}

/** The last line, which is the summary of a run with --json. */
export function summaryOf(stdout: string): Readonly<Record<string, number>> & {
  readonly inputs: number
  readonly invalid: number
  readonly duplicates: number
  readonly delivered: number
  readonly failed: number
  readonly seconds: number
} {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}
