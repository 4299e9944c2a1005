/**
 * A long file through `caudal start --exit`: what it takes of the memory, and that a kill -9 in the middle loses nothing. `FORM`
 * is the number of questions.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pause } from '../faults/until.ts'
import { Complaints, type Trial } from './outcome.ts'

const PROGRAM = join(import.meta.dirname, '../../../cli/caudal.js')
const RESIDENT_MB_MAX = 600
const LOOK_EVERY_MS = 500
const SHOWN_MAX = 5

interface Life {
  readonly code: number | string
  readonly residentMb: number
  readonly lines: number
}

export const longFile: Trial = {
  forms: ['20000', '300000'],
  async run(form) {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-long-file-'))
    try {
      const complaints = new Complaints()
      const ids = Array.from({ length: Number(form) }, (_, index) => `q${index}`)
      const file = join(folder, 'questions.ndjson')
      writeFileSync(
        file,
        ids.map(id => `${JSON.stringify({ id, text: `Why does river ${id} flow?` })}\n`).join(''),
      )
      const began = Date.now()
      const lives = [await live(folder, file, ids.length / 2), await live(folder, file)]
      const seconds = Math.round((Date.now() - began) / 1_000)
      const { outcomes, times } = await outcomesIn(folder)
      const lost = ids.filter(id => !times.has(id))
      const doubled = ids.filter(id => (times.get(id) ?? 0) > 1)
      const most = Math.max(...lives.map(each => each.residentMb))
      complaints.atMost('resident memory, MB', most, RESIDENT_MB_MAX)
      complaints.unless(lives[1]?.code === 0, `the second start ended with ${lives[1]?.code}`)
      complaints.unless(lost.length === 0, `${lost.length} without an outcome: ${lost.slice(0, SHOWN_MAX)}`)
      complaints.unless(
        doubled.length === 0,
        `${doubled.length} with two outcomes: ${doubled.slice(0, SHOWN_MAX)}`,
      )
      complaints.unless(outcomes === ids.length, `${outcomes} outcomes of ${ids.length} questions`)
      complaints.unless(
        lives.every(each => each.lines > 1),
        'no progress was shown',
      )
      return {
        figures: {
          questions: ids.length,
          outcomes,
          lost: lost.length,
          doubled: doubled.length,
          lives,
          seconds,
        },
        complaints: complaints.list,
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** One process, until it ends or has answered so many and is killed. */
async function live(folder: string, file: string, killedAt = Number.POSITIVE_INFINITY): Promise<Life> {
  const child = spawn(process.execPath, [PROGRAM, 'start', '--exit', '--input', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error' },
  })
  const ended = once(child, 'exit')
  let [lines, residentMb, answered] = [0, 0, 0]
  child.stdout.on('data', (part: Buffer) => {
    for (const [, number = ''] of String(part).matchAll(/^([\d,]+) of [\d,]+ answered/gm)) {
      lines++
      answered = Number(number.replaceAll(',', ''))
    }
  })
  while (child.exitCode === null && child.signalCode === null) {
    residentMb = Math.max(residentMb, residentMbOf(child))
    if (answered >= killedAt) child.kill('SIGKILL')
    await Promise.race([ended, pause(LOOK_EVERY_MS)])
  }
  return { code: child.exitCode ?? String(child.signalCode), residentMb, lines }
}

/** By the account of the kernel; 0 when the process is gone. */
function residentMbOf({ pid }: ChildProcess): number {
  try {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kilobytes) / 1_024)
  } catch {
    return 0
  }
}

interface Outcomes {
  readonly outcomes: number
  /** By id, how often it was delivered or failed. */
  readonly times: ReadonlyMap<string, number>
}

/** What was delivered and what failed, as the commands say it, line by line. */
async function outcomesIn(folder: string): Promise<Outcomes> {
  const times = new Map<string, number>()
  let outcomes = 0
  for (const words of [['results'], ['dlq', 'list']]) {
    const child = spawn(process.execPath, [PROGRAM, ...words, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DATA_DIR: join(folder, 'data') },
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const id = String(JSON.parse(line).id)
      times.set(id, (times.get(id) ?? 0) + 1)
      outcomes++
    }
  }
  return { outcomes, times }
}
