/** A pod before a provider that a test spoils, and a line of events into it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Child, startCaudal } from '../../cli/process.ts'
import { completion, send, VERDICT } from '../../cli/provider.ts'
import { ROOT } from '../../tidy/source.ts'
import { freePort } from '../free-port.ts'

/** What comes of a call. */
export type Mode = 'good' | 'weak' | 'away' | 'nonsense' | 'slow'

const LOW_VERDICT = VERDICT.replaceAll('9', '1')
const PRICED = 'gpt-4o-mini'
const FEED_EVERY_MS = 250

export class TroubledPod implements AsyncDisposable {
  readonly #folder: string
  readonly #provider: Server
  readonly #held = new Set<ServerResponse>()
  #environment: Readonly<Record<string, string>> = {}
  #pod: Child | undefined
  #line: ChildProcess | undefined
  #feeding: NodeJS.Timeout | undefined
  #calls = 0
  #fed = 0
  #mode: Mode = 'good'
  target = ''

  constructor(folder: string) {
    this.#folder = folder
    this.#provider = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      this.#answer(Buffer.concat(chunks).includes('usefulness'), response)
    })
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#provider.listen(0, '127.0.0.1', resolve))
    const { port } = this.#provider.address() as AddressInfo // It listens on TCP.
    this.target = `127.0.0.1:${await freePort()}`
    this.#environment = {
      ...{ DATA_DIR: this.#folder, PORT: this.target.split(':')[1] ?? '', POD_NAME: 'troubled' },
      ...{ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'k', LLM_MODEL: PRICED },
      ...{ RETRY_BASE_MS: '50', RETRY_CAP_MS: '100', MAX_ATTEMPTS: '2', MAX_IN_FLIGHT: '20' },
    }
    await this.run()
    this.#line = spawn(process.execPath, [join(ROOT, 'cli/caudal.ts'), 'produce', '-'], {
      env: { PATH: process.env.PATH, ...this.#environment },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
  }

  /** Starts the pod. */
  async run(): Promise<void> {
    this.#pod = startCaudal(['run'], this.#environment)
    await expect.poll(() => this.#isReady(), { timeout: 60_000 }).toBe(true)
  }

  async stop(): Promise<void> {
    this.#pod?.process.kill('SIGTERM')
    await this.#pod?.ended
  }

  freeze(): void {
    this.#pod?.process.kill('SIGSTOP')
  }

  thaw(): void {
    this.#pod?.process.kill('SIGCONT')
  }

  /** Calls that are held are answered when the mode changes. */
  turn(mode: Mode): void {
    this.#mode = mode
    for (const response of this.#held) this.#answer(false, response)
    this.#held.clear()
  }

  /** Puts so many events in each quarter of a second, from now on. */
  feed({ questions, invalid }: { readonly questions: number; readonly invalid: number }): void {
    clearInterval(this.#feeding)
    this.#feeding = setInterval(() => {
      const good = Array.from({ length: questions }, () => this.#question())
      this.#line?.stdin?.write([...good, ...new Array(invalid).fill('{"title": 7}'), ''].join('\n'))
    }, FEED_EVERY_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#feeding)
    this.#line?.kill('SIGTERM')
    this.turn('good')
    this.thaw()
    await this.stop()
    this.#provider.closeAllConnections()
    await new Promise(resolve => this.#provider.close(resolve))
  }

  #isReady(): Promise<boolean> {
    return fetch(`http://${this.target}/ready`).then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  #question(): string {
    this.#fed += 1
    return JSON.stringify({
      id: `q-${this.#fed}`,
      title: `What is number ${this.#fed}?`,
      best_answer: 'A sum.',
    })
  }

  #answer(isJudge: boolean, response: ServerResponse): void {
    this.#calls += 1
    const mode = this.#mode
    if (mode === 'slow') return void this.#held.add(response)
    if (mode === 'away') return void response.writeHead(503).end('away')
    if (mode === 'nonsense')
      return send(response, completion({ message: { content: '' }, finish_reason: 'stop' }))
    const verdict = mode === 'weak' ? LOW_VERDICT : VERDICT
    const content = isJudge ? verdict : 'It is a sum.'
    const reply = JSON.parse(completion({ message: { content }, finish_reason: 'stop' }))
    send(response, JSON.stringify(mode === 'weak' ? { ...reply, ...dear(this.#calls) } : reply))
  }
}

/** Every other reply is of a model whose price nobody knows; the rest cost 15 USD each. */
const dear = (calls: number): object =>
  calls % 2 === 0
    ? { model: 'nobody-prices-it' }
    : { model: PRICED, usage: { prompt_tokens: 100_000_000, completion_tokens: 1 } }
