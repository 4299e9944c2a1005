/** Asks the model server over pooled connections. */
import { Agent, get } from 'node:http'
import type { StepCall } from '#core/context.ts'
import type { Round } from './graph.ts'

export class ModelClient {
  readonly #url: string
  readonly #pod: string
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 4_096,
  })

  constructor(url: string, pod: string) {
    this.#url = url
    this.#pod = pod
  }

  ask({ id, key, round }: Round, call: Pick<StepCall, 'id' | 'signal'>): Promise<string> {
    // What a pod asks just before it is stopped is sent when it goes on: it was asked before.
    const asked = { round: String(round), pod: this.#pod, at: String(Date.now()) }
    const query = new URLSearchParams({ call: call.id, id, key, ...asked })
    return new Promise((resolve, reject) => {
      const request = get(
        `${this.#url}/ask?${query}`,
        { agent: this.#agent, signal: call.signal },
        response => {
          const parts: Buffer[] = []
          response.on('data', part => parts.push(part))
          response.once('end', () => resolve(Buffer.concat(parts).toString()))
          response.once('error', reject)
        },
      )
      request.once('error', reject)
    })
  }
}
