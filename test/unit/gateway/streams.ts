/** Server-sent events of an injected request, read while the stream is open. */
import type { FastifyInstance, InjectOptions } from 'fastify'

export interface Sent {
  readonly id: string
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface OpenStream extends Disposable {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Everything that came, as it came. */
  readonly text: () => string
  /** Events so far. */
  readonly sent: () => readonly Sent[]
  /** Resolves when the predicate holds of what came; rejects when the stream ends before. */
  until(predicate: (sent: readonly Sent[], text: string) => boolean): Promise<readonly Sent[]>
}

export async function openStream(server: FastifyInstance, options: InjectOptions): Promise<OpenStream> {
  const reply = await server.inject({ ...options, payloadAsStream: true })
  const stream = reply.stream()
  let text = ''
  let isOver = false
  const looks = new Set<() => void>()
  const look = () => {
    for (const each of looks) each()
  }
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    look()
  })
  stream.on('close', () => {
    isOver = true
    look()
  })
  return {
    status: reply.statusCode,
    headers: reply.headers,
    text: () => text,
    sent: () => sentIn(text),
    until: predicate =>
      new Promise((resolve, reject) => {
        const check = () => {
          const sent = sentIn(text)
          const holds = predicate(sent, text)
          if (!holds && !isOver) return
          looks.delete(check)
          if (holds) resolve(sent)
          else reject(new TypeError(`the stream ended behind ${text.slice(-300)}`))
        }
        looks.add(check)
        check()
      }),
    [Symbol.dispose]: () => stream.destroy(),
  }
}

const sentIn = (text: string): readonly Sent[] =>
  [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id = '', kind = '', data = '']) => ({
    id,
    kind,
    data: JSON.parse(data),
  }))
