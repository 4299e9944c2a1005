/** The console in a browser, before what `caudal start` serves: what its tests have in common. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type Child, startCaudal } from '../cli/process.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const PATIENCE_MS = 60_000

export interface Opened extends AsyncDisposable {
  readonly page: Page
  /** What the browser complained of: errors, and what the policy refused. */
  readonly complaints: readonly string[]
}

export interface Stand extends AsyncDisposable {
  readonly child: Child
  /** Of its data. */
  readonly folder: string
  /** Of the gateway. */
  readonly gateway: string
  open(hash: string, options?: BrowserContextOptions): Promise<Opened>
  /** Of a JSON route of the gateway. */
  fetched(path: string, options?: RequestInit): Promise<Readonly<Record<string, unknown>>>
  /** Asks a question, and resolves to its task id once it is answered or `wait` is over. */
  ask(question: object, wait?: string): Promise<string>
}

export async function startStand(
  words: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  if (!existsSync(CHROMIUM))
    throw new TypeError(
      `there is no Chromium at ${CHROMIUM}: apt-get install chromium, or name it in CHROMIUM_PATH`,
    )
  const folder = mkdtempSync(join(tmpdir(), 'caudal-console-'))
  const child = startCaudal(['start', ...words], { DATA_DIR: folder, PORT: '0', ...environment })
  const address = (await child.until(/Console: (http:\S+)/))[1] ?? ''
  const gateway = new URL(address).origin
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  const fetched = async (path: string, options?: RequestInit) => {
    const response = await fetch(`${gateway}${path}`, options)
    return (await response.json()) as Readonly<Record<string, unknown>> // Every route answers with an object.
  }
  return {
    child,
    folder,
    gateway,
    fetched,
    async open(hash, options = {}) {
      const context = await browser.newContext({ locale: 'en-US', ...options })
      context.setDefaultTimeout(PATIENCE_MS)
      const page = await context.newPage()
      const complaints = complaintsOf(page)
      await page.goto(`${address}${hash}`)
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
    },
    async ask(question, wait = '60s') {
      const body = await fetched(`/query?wait=${wait}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
      })
      if (typeof body.task_id !== 'string') throw new TypeError(`no task: ${JSON.stringify(body)}`)
      return body.task_id
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      child.process.kill('SIGTERM')
      await child.ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(error.message))
  page.on('dialog', dialog => {
    complaints.push(`a script asked: ${dialog.message()}`)
    dialog.dismiss().catch(() => undefined)
  })
  return complaints
}

/** How far the page is wider than its window. */
export const overflowOf = (page: Page): Promise<unknown> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** Texts that try to do something on a page. */
export const HOSTILE = [
  '<script>alert(1)</script><img src=x onerror=alert(2)>',
  '<svg onload=alert(3)><script>alert(4)</script></svg>',
  '[click](javascript:alert(5)) ![](http://example.invalid/x.png)',
  'left \u202eright\u202c \u200bhidden \u001b[31mred',
  '👩‍👩‍👧‍👦 你好 {{7*7}} &lt;b&gt; \u202e',
]
