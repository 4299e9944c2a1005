/** The console of a gateway with keys, in a browser: logging in and out, what a key may not see, a session that ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { keysText } from '#gateway/keys.ts'
import { keyOf } from '../unit/gateway/held-keys.ts'
import { type Stand, startStand } from './console-stand.ts'

const ALL = 'caudal_all'
const READER = 'caudal_reader'
const OTHER = 'caudal_other'
const KEYS = [
  keyOf(ALL, 'acme', ['ask', 'read', 'operate'], 'web'),
  keyOf(READER, 'acme', ['ask', 'read'], 'reading'),
  keyOf(OTHER, 'globex', ['ask', 'read'], 'other'),
]

let folder: string
let keysFile: string
let stand: Stand
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-login-'))
  keysFile = join(folder, 'keys.json')
  writeFileSync(keysFile, keysText(KEYS))
  stand = await startStand([], { GATEWAY_KEYS_FILE: keysFile, CONSOLE: 'operate' })
})
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Log in' }).click()
}

const pagesOf = (page: Page): Promise<readonly string[]> =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents()

describe('the console of a gateway with keys', () => {
  it('shows nothing but the way in, refuses a wrong key, and shows everything to a key that may operate', async () => {
    await using opened = await stand.open('#/flow')
    const { page } = opened
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    expect(await pagesOf(page)).toEqual([])
    await logIn(page, 'caudal_wrong')
    await page.getByText('This key is not in force.').waitFor()
    await logIn(page, 'schlüssel')
    await page.getByText('A key has letters, digits and signs alone').waitFor()
    await logIn(page, ALL)
    await page.getByRole('heading', { name: 'Flow' }).waitFor()
    await page.getByText('acme · web').waitFor()
    expect(await pagesOf(page)).toEqual(
      expect.arrayContaining(['Flow', 'Ask', 'Questions', 'Failures', 'Pods']),
    )
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).not.toContain(ALL)
    await page.reload()
    await page.getByText('acme · web').waitFor()
  })

  it('has no page that the key may not see, and begins with the questions of the organisation', async () => {
    await using opened = await stand.open('#/flow')
    const { page } = opened
    await logIn(page, READER)
    await page.getByRole('heading', { name: 'Questions' }).waitFor()
    expect(await pagesOf(page)).toEqual(expect.not.arrayContaining(['Flow', 'Failures', 'Pods']))
    await page.goto(page.url().replace(/#.*/, '#/failures'))
    await page.getByText('It needs the scope operate.').waitFor()
    await page.goto(page.url().replace(/#.*/, '#/brakes'))
    await page.getByText('The scope operate lets it change something too.').waitFor()
    expect(await page.getByLabel('Reason').count()).toBe(0)
  })

  it('keeps what is typed when the session ends, and goes on after the next log-in', async () => {
    await using opened = await stand.open('#/ask')
    const { page } = opened
    await logIn(page, READER)
    await page.getByRole('textbox', { name: 'Question' }).fill('What does a fuse do?')
    writeFileSync(keysFile, keysText(KEYS.filter(({ name }) => name !== 'reading')))
    try {
      await page.getByText('The session has ended.').waitFor()
    } finally {
      writeFileSync(keysFile, keysText(KEYS))
    }
    await vi.waitFor(
      async () => {
        await logIn(page, READER)
        await page.getByText('The session has ended.').waitFor({ state: 'detached', timeout: 2_000 })
      },
      { timeout: 30_000 },
    )
    expect(await page.getByRole('textbox', { name: 'Question' }).inputValue()).toBe('What does a fuse do?')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.getByText('delivered', { exact: false }).first().waitFor()
  })

  it('forgets the reader who logs out: the next one sees the questions of another organisation alone', async () => {
    await using opened = await stand.open('#/questions')
    const { page } = opened
    await logIn(page, ALL)
    await page.getByText('acme · web').waitFor()
    const cookies = await page.context().cookies()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    // The cookie that was held before logs nobody in any more.
    await page.context().addCookies(cookies)
    await page.reload()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    await logIn(page, OTHER)
    await page.getByText('globex · other').waitFor()
    await page.getByRole('heading', { name: 'Questions' }).waitFor()
    await page.getByText('No question').first().waitFor()
    expect(await page.getByText('What does a fuse do?').count()).toBe(0)
  })
})
