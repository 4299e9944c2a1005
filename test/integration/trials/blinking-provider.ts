/**
 * A provider that is up for five seconds and away for one, again and again. It must be given nearly the rate that it takes while it
 * is up. `away` resets connections and takes none; `refusing` answers 503.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Summary } from '#admin/status.ts'
import { answerTo } from '#answers/simulated/answers.ts'
import { startModelServer } from '#models/simulated/server.ts'
import { Complaints, type Trial } from './outcome.ts'

const PROGRAM = join(import.meta.dirname, '../../../cli/caudal.js')
const QUESTIONS = 600
const IN_FLIGHT = 20
const LATENCY_MS = 500
const UP_MS = 5_000
const AWAY_MS = 1_000
const RATE_MIN = 0.7
const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

export const blinkingProvider: Trial = {
  forms: ['away', 'refusing'],
  async run(form) {
    const complaints = new Complaints()
    const steady = await played(undefined)
    const blinking = await played(form)
    const upShare = UP_MS / (UP_MS + AWAY_MS)
    const rate = steady.seconds / (blinking.seconds * upShare)
    for (const { summary } of [steady, blinking])
      complaints.unless(
        summary?.delivered === QUESTIONS && summary.failed === 0,
        `delivered ${summary?.delivered}, failed ${summary?.failed} of ${QUESTIONS}`,
      )
    complaints.unless(
      rate >= RATE_MIN,
      `the rate while it is up fell to ${rate.toFixed(2)}, at least ${RATE_MIN}`,
    )
    const figures = {
      rate,
      steadySeconds: steady.seconds,
      blinkingSeconds: blinking.seconds,
      calls: [steady.calls, blinking.calls],
    }
    return { figures, complaints: complaints.list }
  },
}

async function played(form: string | undefined) {
  const server = await startModelServer({ answerTo, profile: { latency: { kind: 'fixed', ms: LATENCY_MS } } })
  const door = await openDoor(Number(new URL(server.url).port), form)
  const folder = mkdtempSync(join(tmpdir(), 'caudal-blinking-'))
  try {
    const file = join(folder, 'questions.ndjson')
    const lines = Array.from({ length: QUESTIONS }, (_, id) =>
      JSON.stringify({ id, text: `Why does river ${id} flow?` }),
    )
    writeFileSync(file, `${lines.join('\n')}\n`)
    const child = spawn(process.execPath, [PROGRAM, 'start', '--exit', '--json', '--input', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...{ DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error', MAX_IN_FLIGHT: String(IN_FLIGHT) },
        ...{ OPENAI_BASE_URL: `http://127.0.0.1:${door.port}/v1`, LLM_MODEL: 'simulated' },
      },
    })
    let printed = ''
    child.stdout.on('data', part => (printed += part))
    await once(child, 'exit')
    const last = printed.trimEnd().split('\n').at(-1) ?? ''
    const summary = last.startsWith('{') ? (JSON.parse(last) as Summary) : undefined // Written by the command itself.
    return { summary, seconds: door.secondsOfWork(), calls: server.stats().calls }
  } finally {
    door.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Passes connections on while it is up. Counts the time from the first byte to the last. */
async function openDoor(target: number, form: string | undefined) {
  const open = new Set<Socket>()
  let [isUp, firstAt, lastAt] = [true, 0, 0]
  const passed = () => {
    firstAt ||= Date.now()
    lastAt = Date.now()
  }
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    if (!isUp) {
      if (form === 'refusing') socket.once('data', () => socket.end(REFUSAL))
      else socket.resetAndDestroy()
      return
    }
    const behind = connect(target, '127.0.0.1')
    behind.on('error', () => undefined)
    for (const each of [socket, behind]) {
      open.add(each)
      each.once('close', () => {
        open.delete(each)
        socket.destroy()
        behind.destroy()
      })
    }
    socket.on('data', passed)
    behind.on('data', passed)
    socket.pipe(behind).pipe(socket)
  })
  let timer: NodeJS.Timeout | undefined
  const turn = () => {
    isUp = !isUp
    if (!isUp) for (const socket of open) socket.resetAndDestroy()
    timer = setTimeout(turn, isUp ? UP_MS : AWAY_MS)
  }
  if (form !== undefined) timer = setTimeout(turn, UP_MS)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port, // It listens on TCP.
    secondsOfWork: () => (lastAt - firstAt) / 1_000,
    close: () => {
      clearTimeout(timer)
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
