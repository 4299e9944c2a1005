/** A provider over HTTP that answers each question as its title says, and counts what it has sold. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'

const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

export interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly response_format?: { readonly type: string }
  readonly temperature?: number
}

export interface Asked {
  /** Of a title `Please answer as KIND.`. */
  readonly kind: string
  readonly isJudge: boolean
  readonly body: Body
}

export const asking = (kind: string) => ({ id: kind, title: `Please answer as ${kind}.`, best_answer: 'So.' })

/** What each sold reply counts. */
export const USAGE = { prompt_tokens: 1_000, completion_tokens: 1_000 }
export const TOKENS = USAGE.prompt_tokens + USAGE.completion_tokens
/** Of `gpt-4o-mini`, by its list price. */
export const COST_USD = 0.00075

export const VERDICT = JSON.stringify({
  exactness: 9,
  completeness: 9,
  clarity: 9,
  concision: 9,
  usefulness: 9,
  feedback: 'Good.',
})

/** Nothing of the content is looked at: an envelope with one choice. */
export function completion(choice: object): string {
  return JSON.stringify({ model: 'gpt-4o-mini', choices: [choice], usage: USAGE })
}
export const saying = (content: unknown): string =>
  completion({ message: { content }, finish_reason: 'stop' })

export function send(
  response: ServerResponse,
  text: string | Uint8Array,
  headers: Record<string, string> = {},
) {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text)
}

export async function startProvider(answer: (asked: Asked, response: ServerResponse) => void) {
  const seen: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const kind = /answer as ([\w-]+)/.exec(text)?.[1] ?? ''
      const asked = { kind, isJudge: text.includes('usefulness'), body: JSON.parse(text) }
      seen.push(asked)
      answer(asked, response)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  releases.push(
    () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { seen, baseUrl: `http://127.0.0.1:${port}/v1` }
}
