/** Encodings of seven bits pass as ASCII: a file of them is refused with the command that converts it, and other text passes. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openEvents } from '#cli/events/events.ts'
import { SevenBitText } from '#cli/events/seven-bit.ts'
import { dataFolder } from './data-folder.ts'

function faultOf(...parts: readonly string[]): string | undefined {
  const text = new SevenBitText()
  for (const part of parts) {
    const fault = text.push(Buffer.from(part))
    if (fault !== undefined) return fault
  }
  return text.end()
}

describe('text in an encoding of seven bits', () => {
  it.each([
    [
      'ISO-2022-JP',
      'title\none\n\u001b$BF|K\\\u001b(B?\n',
      'is ISO-2022-JP in line 3: convert it (iconv -f iso-2022-jp-2 -t utf-8)',
    ],
    ['ISO-2022-JP, katakana', 'title\n\u001b(I1\u001b(B\n', 'is ISO-2022-JP in line 2'],
    [
      'ISO-2022-KR',
      '\u001b$)Ctitle\n\u000eGQ19\u000f\n',
      'is ISO-2022-KR in line 1: convert it (iconv -f iso-2022-kr -t utf-8)',
    ],
    ['ISO-2022-CN', 'title\n\u001b$)A\u000eVP\u000f\n', 'is ISO-2022-CN in line 2'],
    [
      'UTF-7, one letter',
      'title\nWhat is a caf+AOk?\n',
      'has "+AOk", which is "é" in UTF-7, in line 2: convert it (iconv -f utf-7 -t utf-8)',
    ],
    ['UTF-7, one letter in capitals', 'title\nt+AOE-rt\n', 'has "+AOE-", which is "á" in UTF-7'],
    ['UTF-7, Japanese', '{"title": "+ZeVnLDBuXd0wbw?"}', 'which is "日本の川は" in UTF-7, in line 1'],
    ['UTF-7 of iconv, quotes too', '+AHsAIg-title+ACI: +ACI-Caf+AOk+ACIAfQ-\n', 'in UTF-7, in line 1'],
    [
      'UTF-7, a plus as +-',
      'title\n1 +- 1\nGr+APwA3w-e\n',
      'has "+APwA3w-", which is "üß" in UTF-7, in line 3',
    ],
    ['HZ', 'title\n~{HU1>~}\n', 'is HZ, an encoding of Chinese, in line 2'],
  ])('is named with its line: %s', (_, text, fault) => {
    expect(faultOf(text)).toContain(fault)
  })

  it('is named wherever its bytes are cut into parts', () => {
    const text = 'title\nWhat is a caf+AOk-?\n'
    for (let at = 0; at <= text.length; at++)
      expect(faultOf(text.slice(0, at), text.slice(at))).toContain('has "+AOk-"')
  })

  it('is named within a line that never ends', () => {
    const text = new SevenBitText()
    const parts = Array.from({ length: 20 }, () => text.push(Buffer.from('caf+AOk '.repeat(10_000))))
    expect(parts.find(fault => fault !== undefined)).toContain('in line 1')
  })
})

describe('ASCII', () => {
  it.each([
    ['sums', 'What is 1+1, or 2 + 2?'],
    ['words joined by a plus', 'Is there a REST+API for salt+pepper, or for acid+solution?'],
    ['numbers of telephones', 'Call +34 600 100 200 or +12125551234.'],
    ['addresses', 'Write to ada+news@example.org, see ?q=one+two+three'],
    ['a language', 'How does C++ differ from C?'],
    ['base64', 'What is "abc+dEf8/x+Zz=="?'],
    ['what terminals write', '\u001b[31mred\u001b(B\u001b[m'],
    ['tildes', 'What is ~/x, and ~{~a~}, and ~{}~}?'],
  ])('a file of %s is accepted', (_, text) => {
    expect(faultOf(`title\n${text}\n`)).toBeUndefined()
  })

  it('passes as UTF-8 from its first other character on', () => {
    expect(faultOf('title\né and caf+AOk-\n')).toBeUndefined()
  })
})

describe('a file', () => {
  const opened = (text: string) => {
    const path = join(dataFolder(), 'a.csv')
    writeFileSync(path, text)
    return openEvents(path, Readable.from([]))
  }

  it('in such an encoding is refused as a whole', async () => {
    await expect(opened('title\nWhat is a river?\nWhat is a caf+AOk-?\n')).rejects.toThrow(
      /a\.csv has "\+AOk-".* in line 3: convert it.*; nothing of it was fed/,
    )
  })

  it('with a byte order mark is UTF-8, whatever it looks like', async () => {
    const { events } = await opened('\uFEFFtitle\nWhat does +AOk- say?\n')
    for await (const { value } of events) expect(String(value)).toContain('+AOk-')
  })
})
