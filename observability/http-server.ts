/** One small HTTP server for all that a process tells over HTTP: a table of routes on one port, answers in JSON or text. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reasonOf } from '#core/errors.ts'

export interface Answer {
  readonly status: number
  /** Becomes JSON. */
  readonly body: object
}

/** An answer that is no JSON. */
export interface TextAnswer {
  readonly status: number
  readonly text: string
  readonly contentType: string
}

export interface Route<A extends Answer | TextAnswer = Answer> {
  /** Exactly that of the request, without its query. */
  readonly path: string
  /** A route of GET answers HEAD too. */
  readonly method: 'GET' | 'POST'
  /** A rejection is answered with 503. */
  answer(request: IncomingMessage): Promise<A>
}

export type AnyRoute = Route<Answer | TextAnswer>

export interface HttpOptions {
  /** 0 for any that is free. */
  readonly port: number
  readonly host: string
  readonly routes: readonly AnyRoute[]
}

export interface HttpServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string
  /** Ends open connections too. */
  close(): Promise<void>
}

/** Resolves when it listens; rejects where that cannot be listened on. */
export async function serveHttp({ port, host, routes }: HttpOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    answerOf(routes, request).then(
      answer => send(response, answer),
      error => send(response, refusal(503, reasonOf(error))),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const close = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { url: urlOf(server), close, [Symbol.asyncDispose]: close }
}

/** The answer where something is in the way, with the reasons; all is well without any. */
export const told = (status: number, reasons: readonly string[]): Answer => ({
  status,
  body: { ok: status === 200, reasons },
})

const refusal = (status: number, reason: string): Answer => told(status, [reason])

async function answerOf(routes: readonly AnyRoute[], request: IncomingMessage): Promise<Answer | TextAnswer> {
  const path = request.url?.split('?')[0]
  const found = routes.filter(route => route.path === path)
  if (found.length === 0)
    return refusal(
      404,
      `there are ${listOf(
        routes.map(route => route.path),
        'and',
      )}`,
    )
  const asked = request.method === 'HEAD' ? 'GET' : request.method
  const route = found.find(({ method }) => method === asked)
  return route
    ? route.answer(request)
    : refusal(
        405,
        `it must be a ${listOf(
          found.map(({ method }) => method),
          'or',
        )}`,
      )
}

function listOf(names: readonly string[], word: string): string {
  const distinct = [...new Set(names)]
  return [distinct.slice(0, -1).join(', '), distinct.at(-1)].filter(Boolean).join(` ${word} `)
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function send(response: ServerResponse, answer: Answer | TextAnswer): void {
  const [contentType, text] =
    'body' in answer
      ? ['application/json', `${JSON.stringify(answer.body)}\n`]
      : [answer.contentType, answer.text]
  response.writeHead(answer.status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(text)
}
