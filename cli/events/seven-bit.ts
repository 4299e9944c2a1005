/** Text in an encoding of seven bits, which passes as ASCII: found by what its other characters are written with. */
import { beginning } from '#core/cut.ts'

/** What is carried over until the end of its line is there. */
const LINE_CHARACTERS_MAX = 1024 * 1024
const LINE_FEED = 0x0a
const SHOWN_CHARACTERS_MAX = 40
const UTF7_REMEDY =
  'convert it (iconv -f utf-7 -t utf-8), or put a byte order mark in front of it if it is UTF-8'
const HZ_REMEDY = 'save it as UTF-8, or put a byte order mark in front of it if it is UTF-8'
/** Two signs of UTF-7, or one that is nothing else. */
const CERTAIN = 2

/** What follows the escape byte where ISO 2022 calls up another alphabet (ECMA-35, 14.3); terminals write none of these. */
const ISO_2022: readonly (readonly [calls: RegExp, name: string, charset: string])[] = [
  [/^\$\)C/, 'ISO-2022-KR', 'iso-2022-kr'],
  [/^\$[)*+][AGH]/, 'ISO-2022-CN', 'iso-2022-cn-ext'],
  [/^(?:\$\(?[@-D]|\([IJ])/, 'ISO-2022-JP', 'iso-2022-jp-2'],
]
const ESCAPE = '\u001b'

/**
 * Reads text as it comes, and tells of the first place where it is in another encoding than it seems.
 *
 * - ISO 2022 calls up its alphabets by escapes.
 * - UTF-7 (RFC 2152) writes other characters in base64 between `+` and `-`, and a plus as `+-`. Each `+` must read as such,
 *   else the text is what it seems. Base64 may look like a word (`REST+API`): one such word is no proof.
 * - HZ (RFC 1843) writes Chinese in pairs between `~{` and `~}`, and a tilde as `~~`.
 */
export class SevenBitText {
  #rest = ''
  #line = 1
  #isAscii = true
  #mayBeUtf7 = true
  #mayBeHz = true
  readonly #signs = new Map<string, number>()

  /** What is wrong, where, and what to do. Whole lines are looked at; the last one at `end`. */
  push(bytes: Buffer): string | undefined {
    const end = bytes.lastIndexOf(LINE_FEED) + 1
    const text = this.#rest + bytes.toString('latin1')
    const whole =
      end > 0 ? text.length - (bytes.length - end) : text.length > LINE_CHARACTERS_MAX ? text.length : 0
    this.#rest = text.slice(whole)
    return whole > 0 ? this.#look(text.slice(0, whole)) : undefined
  }

  end(): string | undefined {
    return this.#look(this.#rest)
  }

  #look(text: string): string | undefined {
    if (/[\x80-\xff]/.test(text)) this.#isAscii = false
    const found = this.#iso2022(text) ?? (this.#isAscii ? (this.#utf7(text) ?? this.#hz(text)) : undefined)
    if (found)
      return `${found.what} in line ${this.#line + linesIn(text.slice(0, found.at))}: ${found.remedy}`
    this.#line += linesIn(text)
    return undefined
  }

  #iso2022(text: string): Found | undefined {
    for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at + 1)) {
      const called = text.slice(at + 1, at + 4)
      const [, name, charset] = ISO_2022.find(([calls]) => calls.test(called)) ?? []
      if (name !== undefined)
        return { at, what: `is ${name}`, remedy: `convert it (iconv -f ${charset} -t utf-8)` }
    }
    return undefined
  }

  #utf7(text: string): Found | undefined {
    if (!this.#mayBeUtf7) return undefined
    for (const { 0: written, 1: base64 = '', index } of text.matchAll(/\+([A-Za-z0-9+/]*)-?/g)) {
      if (written === '+-') continue
      const said = decodedUtf7(base64)
      this.#mayBeUtf7 = said !== undefined
      if (said === undefined) return undefined
      this.#signs.set(base64, isWord(base64) && !isInsideWord(text, index, written) ? 1 : CERTAIN)
      const certainty = [...this.#signs.values()].reduce((sum, each) => sum + each, 0)
      if (certainty < CERTAIN) continue
      const [shown, meant] = [written, said].map(each => beginning(each, SHOWN_CHARACTERS_MAX))
      return { at: index, what: `has "${shown}", which is "${meant}" in UTF-7,`, remedy: UTF7_REMEDY }
    }
    return undefined
  }

  #hz(text: string): Found | undefined {
    if (!this.#mayBeHz) return undefined
    for (const { 0: written, index } of text.matchAll(/~(?:\{(?:[!-)0-w][!-~])*~\}|[~\n]?)/g)) {
      if (written === '~~' || written === '~\n') continue
      this.#mayBeHz = written.length > '~{~}'.length
      if (!this.#mayBeHz) return undefined
      return { at: index, what: 'is HZ, an encoding of Chinese,', remedy: HZ_REMEDY }
    }
    return undefined
  }
}

interface Found {
  readonly at: number
  readonly what: string
  readonly remedy: string
}

const linesIn = (text: string): number => text.split('\n').length - 1

/** The characters of one run of base64; nothing where no writer of UTF-7 has written it. */
function decodedUtf7(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64')
  const units = bytes.length >> 1
  const isExact =
    units > 0 &&
    bytes
      .subarray(0, units * 2)
      .toString('base64')
      .replace(/=+$/, '') === base64
  const said = bytes
    .subarray(0, units * 2)
    .swap16()
    .toString('utf16le')
  return isExact && /^(?:[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t\r\n])+$/u.test(said) && !/[a-z0-9]/i.test(said)
    ? said
    : undefined
}

/** Nothing is certain of what may as well be a word or a number. */
const isWord = (base64: string): boolean => /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)$/.test(base64)

/** As in `t+AOE-rt`: capitals in the middle of a word in small letters. */
function isInsideWord(text: string, at: number, written: string): boolean {
  return (
    /^\+[A-Z]+-$/.test(written) &&
    /[a-z]/.test(text[at - 1] ?? '') &&
    /[a-z]/.test(text[at + written.length] ?? '')
  )
}
