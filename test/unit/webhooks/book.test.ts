/** The file of webhooks: what it says, what is at fault in it, and what a change of it does. */
import { describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { subscribersIn, WebhookBook } from '#webhooks/book.ts'
import { NEXT_SECRET, SECRET } from './caller-checks.ts'

const textOf = (...organizations: readonly object[]) => JSON.stringify({ organizations })
const acme = (more: object = {}) => ({
  organization: 'acme',
  secrets: [SECRET],
  endpoints: [{ url: 'https://acme.example/hook', events: ['answer.delivered'] }],
  ...more,
})

describe('the text of the file', () => {
  it('names secrets and endpoints of each organisation; an endpoint hears of all events unless it names some', () => {
    const text = textOf(acme(), { secrets: [NEXT_SECRET, SECRET], endpoints: [{ url: 'http://10.0.0.1/' }] })
    expect(subscribersIn(text)).toEqual([
      acme(),
      {
        organization: '',
        secrets: [NEXT_SECRET, SECRET],
        endpoints: [{ url: 'http://10.0.0.1/', events: expect.arrayContaining(['answer.failed']) }],
      },
    ])
  })

  it.each([
    ['', 'it is no JSON'],
    ['[]', 'a list named organizations'],
    [textOf(acme({ secrets: [] })), 'secrets must be a list of 1 or 2'],
    [textOf(acme({ secrets: [SECRET, SECRET, SECRET] })), 'secrets must be a list of 1 or 2'],
    [textOf(acme({ secrets: ['hunter2'] })), 'begin with whsec_'],
    [textOf(acme({ organization: 7 })), 'organization must be text'],
    [textOf(acme({ endpoints: {} })), 'endpoints must be a list'],
    [textOf(acme({ endpoints: [{}] })), 'url of an endpoint must be text'],
    [textOf(acme({ endpoints: [{ url: 'ftp://a' }] })), 'must begin with https:// or http://'],
    [textOf(acme({ endpoints: [{ url: 'https://u:p@a' }] })), 'no user and no password'],
    [textOf(acme({ endpoints: [{ url: 'https://a', events: ['all'] }] })), 'events must be a list of'],
    [textOf(acme(), acme()), 'organization "acme" is there twice'],
  ])('%s is refused', (text, reason) => {
    const found = subscribersIn(text)
    const faults = 'faults' in found ? found.faults.join('; ') : ''
    expect(faults).toContain(reason)
    expect(faults).not.toContain('hunter2')
  })
})

describe('the book', () => {
  function opened(first: string) {
    const file = { text: first, stamp: 1, isAway: false }
    const lines: string[] = []
    let passedMs = 0
    const system = { ...realSystem, monotonic: () => passedMs }
    const source = {
      name: 'hooks.json',
      stamp: async () => {
        if (file.isAway) throw new TypeError('gone')
        return String(file.stamp)
      },
      text: async () => file.text,
    }
    const logger = { error: (line: string) => void lines.push(line) }
    const book = new WebhookBook({ source, system, logger })
    const change = (text: string) => {
      file.text = text
      file.stamp++
    }
    const pass = () => {
      passedMs += 1_000
    }
    return { book, file, lines, change, pass }
  }

  it('is read again when it has changed', async () => {
    const { book, change, pass } = opened(textOf(acme()))
    await book.start()
    expect(await book.secretsOf('acme')).toEqual([SECRET])
    expect(await book.endpointsOf('acme', 'answer.delivered')).toEqual(['https://acme.example/hook'])
    expect(await book.endpointsOf('acme', 'answer.failed')).toEqual([])
    expect(await book.endpointsOf('other', 'answer.failed')).toBeUndefined()
    change(textOf(acme({ secrets: [NEXT_SECRET, SECRET] })))
    pass()
    expect(await book.secretsOf('acme')).toEqual([NEXT_SECRET, SECRET])
  })

  it('keeps what it knew while the file is torn or away, and says so once', async () => {
    const { book, file, change, pass, lines } = opened(textOf(acme()))
    await book.start()
    change('{"organizations": [')
    for (let look = 0; look < 3; look++) {
      pass()
      expect(await book.secretsOf('acme')).toEqual([SECRET])
    }
    expect(lines).toHaveLength(1)
    file.isAway = true
    pass()
    expect(await book.secretsOf('acme')).toEqual([SECRET])
    expect(lines).toHaveLength(2)
  })

  it('does not start with a file that has faults', async () => {
    const { book } = opened('{}')
    await expect(book.start()).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' })
  })
})
