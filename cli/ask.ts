/** Questions typed into the terminal of a running pipeline, and their answers below them. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { HEADER } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { Delivered, Failed } from '#pipelines/answers/types.ts'
import { TOPICS } from './topics.ts'

export interface AskerOptions {
  readonly log: Log
  readonly system: System
  readonly say: (text: string) => void
}

/** Each line goes the way of every other event; its identity tells its answer apart from the rest. */
export class Asker {
  readonly #options: AskerOptions
  readonly #asked = new Set<string>()

  constructor(options: AskerOptions) {
    this.#options = options
  }

  /** Reads lines until the input ends or the signal is aborted. */
  start(input: Readable, signal: AbortSignal): void {
    const lines = createInterface({ input, signal })
    lines.on('line', line => {
      if (line.trim() === '') return
      this.#ask(line.trim()).catch(error =>
        this.#options.say(`That question was not taken: ${String(error)}`),
      )
    })
  }

  delivered({ id, answer, final, attempts, cost_usd }: Delivered): void {
    if (!this.#asked.delete(id)) return
    const price = cost_usd !== undefined && cost_usd > 0 ? `, $${cost_usd.toFixed(5)}` : ''
    this.#options.say(`${answer}\n  score ${final.toFixed(1)}, attempts ${attempts}${price}`)
  }

  failed({ id, faults }: Failed): void {
    if (this.#asked.delete(id)) this.#options.say(`No answer: ${faults.join('; ')}`)
  }

  async #ask(title: string): Promise<void> {
    const { log, system } = this.#options
    const timestamp = system.now()
    const id = `asked/${timestamp}/${this.#asked.size}`
    this.#asked.add(id)
    const headers = { [HEADER.id]: Buffer.from(id) }
    const record = { key: null, value: Buffer.from(JSON.stringify({ title })), headers, timestamp }
    await log.append([{ topic: TOPICS.raw, partition: 0, records: [record] }])
  }
}
