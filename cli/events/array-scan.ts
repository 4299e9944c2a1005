/** Cuts the elements out of a JSON array while it comes, and holds no more than one of them. */
import { reasonOf } from '#core/errors.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN = new Set(Buffer.from('[{'))
const CLOSE = new Set(Buffer.from(']}'))
const ARRAY_OPEN = 0x5b
const BACKSLASH = 0x5c
const ARRAY_CLOSE = 0x5d

interface Element {
  readonly value: Buffer
  /** Bytes of an element that is too long to be held; its value is then only the beginning. */
  readonly tooLong: number | undefined
}

/**
 * Follows the depth of brackets and the ends of strings. A comma at the depth of the array ends an element, which is parsed
 * alone. So every fault is found, except one inside an element that is too long to be held. Throws SyntaxError.
 */
export class ArrayScan {
  readonly #elementBytesMax: number
  #depth = 0
  #isInString = false
  #isEscaped = false
  #isOpened = false
  #elements = 0
  #parts: Buffer[] = []
  #length = 0

  constructor(elementBytesMax: number) {
    this.#elementBytesMax = elementBytesMax
  }

  *push(chunk: Buffer): Generator<Element> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.#isInString) this.#inString(byte)
      else if (this.#depth === 0) {
        this.#outside(byte)
        from = at + 1
      } else if (this.#isEnd(byte)) {
        this.#take(chunk.subarray(from, at))
        const element = this.#element(byte)
        if (element) yield element
        from = at + 1
      } else if (byte === QUOTE) this.#isInString = true
      else if (OPEN.has(byte)) this.#depth++
      else if (CLOSE.has(byte)) this.#depth--
    }
    if (this.#depth > 0) this.#take(chunk.subarray(from))
  }

  end(): void {
    if (this.#depth > 0) throw new SyntaxError(`it ends inside element ${this.#elements + 1}`)
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) this.#isInString = false
  }

  /** In front of the array, and behind it. */
  #outside(byte: number): void {
    if (isBlank(byte)) return
    if (this.#isOpened || byte !== ARRAY_OPEN)
      throw new SyntaxError(this.#isOpened ? 'more stands behind its end' : 'it does not begin with [')
    this.#isOpened = true
    this.#depth = 1
  }

  #isEnd(byte: number): boolean {
    return this.#depth === 1 && (byte === COMMA || CLOSE.has(byte))
  }

  #take(part: Buffer): void {
    const room = this.#elementBytesMax - this.#length
    if (room > 0) this.#parts.push(part.subarray(0, room))
    this.#length += part.length
  }

  /** Nothing for an array without elements. */
  #element(end: number): Element | undefined {
    const whole = this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts)
    const tooLong = this.#length > this.#elementBytesMax ? this.#length : undefined
    this.#parts = []
    this.#length = 0
    if (end !== COMMA) this.#depth = 0
    const value = trimmed(whole)
    const isNone = value.length === 0 && this.#elements === 0 && end === ARRAY_CLOSE
    if (isNone) return undefined
    this.#elements++
    if (end !== COMMA && end !== ARRAY_CLOSE)
      throw new SyntaxError(`element ${this.#elements}: it ends with }`)
    if (tooLong === undefined) this.#parse(value)
    return { value, tooLong }
  }

  #parse(value: Buffer): void {
    try {
      JSON.parse(value.toString('utf8'))
    } catch (error) {
      throw new SyntaxError(`element ${this.#elements}: ${reasonOf(error)}`)
    }
  }
}

/** White space of JSON. */
const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

function trimmed(bytes: Buffer): Buffer {
  let from = 0
  let to = bytes.length
  while (from < to && isBlank(bytes[from])) from++
  while (to > from && isBlank(bytes[to - 1])) to--
  return bytes.subarray(from, to)
}
