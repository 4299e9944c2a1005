/** `caudal start` as a process that answers a file of questions with the simulated model and then ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Summary } from '#admin/status.ts'
import { questions } from '../../../bench/answers/questions.ts'

const PROGRAM = join(import.meta.dirname, '../../../cli/caudal.js')
/** For about a minute at this many calls in flight. */
const QUESTIONS = 5_000
const IN_FLIGHT = 100

interface Progress {
  readonly at: number
  readonly answered: number
}

export function runStart(dataFolder: string) {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-questions-'))
  const file = join(folder, 'questions.ndjson')
  writeFileSync(
    file,
    questions(QUESTIONS)
      .map(({ event }) => `${JSON.stringify(event)}\n`)
      .join(''),
  )
  const environment = {
    ...process.env,
    DATA_DIR: dataFolder,
    MAX_IN_FLIGHT: String(IN_FLIGHT),
    LOG_LEVEL: 'warn',
  }
  const child = spawn(process.execPath, [PROGRAM, 'start', '--input', file, '--exit', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  })
  const progress: Progress[] = []
  const answering = Promise.withResolvers<void>()
  let [printed, errors] = ['', '']
  child.stdout.on('data', (part: Buffer) => {
    printed += part
    for (const [, number = ''] of String(part).matchAll(/^([\d,]+) of [\d,]+ answered/gm)) {
      progress.push({ at: Date.now(), answered: Number(number.replaceAll(',', '')) })
      if (progress.some(each => each.answered > 0)) answering.resolve()
    }
  })
  child.stderr.on('data', part => (errors += part))
  const ended = once(child, 'exit').then(([code, signal]) => {
    answering.resolve()
    rmSync(folder, { recursive: true, force: true })
    return { code: code ?? signal, progress, summary: summaryIn(printed), errors }
  })
  return { questions: QUESTIONS, answering: answering.promise, ended }
}

/** On the last line, if it came to that. */
function summaryIn(printed: string): Summary | undefined {
  const last = printed.trimEnd().split('\n').at(-1) ?? ''
  return last.startsWith('{') ? (JSON.parse(last) as Summary) : undefined // Written by the command itself.
}
