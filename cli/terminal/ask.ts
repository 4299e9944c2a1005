/** Questions typed into the terminal of a running pipeline, and their answers below them. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Delivered, Failed } from '#answers/types.ts'
import type { AnswersService } from '#pipelines/answers-service.ts'

export interface AskerOptions {
  readonly service: AnswersService
  readonly say: (text: string) => void
}

const HELP = `A line is a question. A line that is a JSON object is an event, as a line of a file:
  {"title": "What is a fuse for?", "task_type": "qa", "best_answer": "It cuts the current."}
Other commands in another terminal show what the pipeline does: caudal lag, caudal dlq list, caudal results.
Ctrl+C stops.`

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
      const typed = line.trim()
      if (typed === '') return
      if (/^(help|\?)$/i.test(typed)) return this.#options.say(HELP)
      this.#ask(typed).catch(error => this.#options.say(`That question was not taken: ${String(error)}`))
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

  async #ask(typed: string): Promise<void> {
    const { service } = this.#options
    const id = service.newId()
    const event = eventIn(typed)
    // Its outcome comes under an id of its own, or under that of the record where it has none or cannot be read.
    if (event?.id !== undefined) this.#asked.add(String(event.id))
    this.#asked.add(id)
    await service.put(event ? typed : JSON.stringify({ title: typed }), id)
  }
}

/** Nothing for a line that is a question in words. */
function eventIn(typed: string): { readonly id?: unknown } | undefined {
  try {
    const value: unknown = typed.startsWith('{') ? JSON.parse(typed) : undefined
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined // What only begins like JSON is taken as words.
  }
}
