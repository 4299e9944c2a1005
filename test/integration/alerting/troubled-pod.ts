/** A pod before a provider that a test puts in trouble, and the records that the test feeds into the log of the pod. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { connectLog } from '#engine/log/socket/index.ts'
import { type Child, startCaudal } from '../../cli/process.ts'
import { completion, saying, send, VERDICT } from '../../cli/provider.ts'
import { freePort } from '../free-port.ts'

/** What the provider answers a call with. */
export type Mode = 'good' | 'dear' | 'away' | 'nonsense' | 'slow'

const FEED_EVERY_MS = 250
const PARTITIONS = 8

export class TroubledPod implements AsyncDisposable {
  readonly #folder: string
  readonly #provider: Server
  readonly #held = new Set<ServerResponse>()
  #environment: Readonly<Record<string, string>> = {}
  #pod: Child | undefined
  #log: Log | undefined
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
    const own = await freePort()
    this.target = `127.0.0.1:${own}`
    this.#environment = {
      ...{ DATA_DIR: this.#folder, PORT: `${own}`, POD_NAME: 'troubled', LOG_LEVEL: 'error' },
      ...{ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'k', LLM_MODEL: 'gpt-4o-mini' },
      ...{ RETRY_BASE_MS: '50', RETRY_CAP_MS: '100', MAX_ATTEMPTS: '2', MAX_IN_FLIGHT: '20' },
    }
    await this.run()
  }

  /** Starts the process of the pod. */
  async run(): Promise<void> {
    this.#pod = startCaudal(['run'], this.#environment)
    await vi.waitFor(async () => expect(await this.#isReady()).toBe(true), { timeout: 60_000 })
    this.#log = await connectLog(join(this.#folder, 'log'), realSystem)
  }

  /** Ends the process of the pod, and the feed into its log. */
  async stop(): Promise<void> {
    clearInterval(this.#feeding)
    await this.#log?.close()
    this.#pod?.process.kill('SIGTERM')
    await this.#pod?.ended
  }

  freeze(): void {
    this.#pod?.process.kill('SIGSTOP')
  }

  thaw(): void {
    this.#pod?.process.kill('SIGCONT')
  }

  /** A change of the mode also answers the calls that the provider holds. */
  turn(mode: Mode): void {
    this.#mode = mode
    for (const response of this.#held) this.#answer(false, response)
    this.#held.clear()
  }

  /** Feeds so many questions every quarter of a second from now on. */
  feed(questions: number): void {
    clearInterval(this.#feeding)
    this.#feeding = setInterval(() => {
      for (let count = 0; count < questions; count++) void this.#append(TOPICS.raw, this.#question())
    }, FEED_EVERY_MS)
  }

  /** Records that no codec reads, in a topic between two stages. */
  async poison(count: number): Promise<void> {
    for (let each = 0; each < count; each++) await this.#append(TOPICS.generated, 'no Avro')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.turn('good')
    this.thaw()
    await this.stop()
    this.#provider.closeAllConnections()
    await new Promise(resolve => this.#provider.close(resolve))
  }

  async #append(topic: string, text: string): Promise<void> {
    const record = { key: null, value: Buffer.from(text), headers: NO_HEADERS, timestamp: Date.now() }
    await this.#log?.append([{ topic, partition: this.#fed++ % PARTITIONS, records: [record] }])
  }

  #isReady(): Promise<boolean> {
    return fetch(`http://${this.target}/ready`).then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  #question(): string {
    const id = `q-${this.#fed}`
    return JSON.stringify({ id, title: `What is number ${id}?`, best_answer: 'A sum.' })
  }

  #answer(isJudge: boolean, response: ServerResponse): void {
    this.#calls += 1
    if (this.#mode === 'slow') return void this.#held.add(response)
    if (this.#mode === 'away') return void response.writeHead(503).end('away')
    if (this.#mode === 'nonsense') return send(response, saying(''))
    const text = isJudge ? VERDICT : 'It is a sum.'
    send(response, this.#mode === 'dear' ? dear(text, this.#calls) : saying(text))
  }
}

/** Every other reply is of a model without a price; the others cost 15 USD each. */
function dear(content: string, calls: number): string {
  const reply = JSON.parse(completion({ message: { content }, finish_reason: 'stop' }))
  const more =
    calls % 2 === 0
      ? { model: 'without-a-price' }
      : { usage: { prompt_tokens: 100_000_000, completion_tokens: 1 } }
  return JSON.stringify({ ...reply, ...more })
}
