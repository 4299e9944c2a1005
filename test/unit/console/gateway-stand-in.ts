/** A gateway for modules of the console: answers that a test gives, and streams that it writes. */
import { afterEach, beforeEach, vi } from 'vitest'
import { type Language, speak } from '#console/language.ts'

export interface Written {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What was sent with it. */
  readonly body: unknown
  send(kind: string, data: object, id?: string): void
  comment(): void
  end(): void
}

/** Each test of the file has pages in this language, and time that it passes itself. The gateway that it plays goes with it. */
export function playTime(language: Language = 'en'): void {
  beforeEach(async () => {
    await speak(language)
    vi.useFakeTimers()
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    await speak('en')
  })
}

type Reply = object | 'stream' | 'silent'

/** Each request and, where it is a stream, what writes it. */
export function standIn(replies: (path: string, at: number) => Reply): readonly Written[] {
  const asked: Written[] = []
  const encoder = new TextEncoder()
  vi.stubGlobal('fetch', async (path: string, options: RequestInit = {}) => {
    const { signal } = options
    let writer: ReadableStreamDefaultController<Uint8Array> | undefined
    const write = (text: string) => writer?.enqueue(encoder.encode(text))
    asked.push({
      path,
      headers: { ...(options.headers as Record<string, string> | undefined) },
      body: typeof options.body === 'string' ? JSON.parse(options.body) : undefined,
      send: (kind, data, id) =>
        write(`${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`),
      comment: () => write(': still here\n\n'),
      end: () => writer?.close(),
    })
    const reply = replies(path, asked.length - 1)
    const aborted = () => new DOMException('aborted', 'AbortError')
    if (reply === 'silent')
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(aborted())))
    if (reply !== 'stream') {
      const { status = 200, date } = reply as { readonly status?: number; readonly date?: string }
      return Response.json(reply, { status, headers: date === undefined ? {} : { date } })
    }
    const body = new ReadableStream<Uint8Array>({
      start: controller => {
        writer = controller
      },
    })
    signal?.addEventListener('abort', () => writer?.error(aborted()))
    return new Response(body)
  })
  return asked
}

/** Lets pass what is under way, and that much of the time of timers. */
export const passed = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
