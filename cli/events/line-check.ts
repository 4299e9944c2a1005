/** Whether a file is the file that was meant: what its lines are, and what to do where most of them are no questions. */
import { asText } from '#core/codec.ts'
import { beginning } from '#core/cut.ts'
import type { InputEvent } from './input-event.ts'
import { betweenObjects } from './objects-behind.ts'

/** What the objects of a file are: questions, the rows of a table with questions, or something for a graph of one's own. */
export type Content = 'questions' | 'rows' | 'any'

const TAKEN =
  'one JSON object a line is taken (jq -c writes it), a JSON array of them, or CSV with its columns named in the first row (.csv, or --csv of caudal start and caudal produce)'
const NO_COMMA = "take it off (sed 's/,[[:space:]]*$//'), or put the lines into one array, between [ and ]"

const LINE_EACH = 'end each object with a line feed'

/** One of them makes an object a question, or an envelope around one. A question at fault is for the pipeline to name. */
const OF_QUESTIONS = ['title', 'text', 'payload', 'event_type', 'event_version']
const FIELDS_SHOWN_MAX = 8
const FIELD_CHARACTERS_MAX = 40

/** Lines with one fault: how many, and the first of them. */
interface Faulty {
  count: number
  first?: { readonly line: number; readonly value: Uint8Array }
}

/** Looks at each line of a file. A few at fault are for the pipeline to name; most of them make it another file. */
export class LineCheck {
  readonly #content: Content
  #lines = 0
  readonly #noObjects: Faulty = { count: 0 }
  readonly #noQuestions: Faulty = { count: 0 }

  constructor(content: Content) {
    this.#content = content
  }

  add(event: InputEvent): void {
    this.#lines++
    if (event.tooLong !== undefined) return
    const found = objectIn(event.value)
    if (!found) noted(this.#noObjects, event)
    else if (this.#content !== 'any' && !hasQuestion(found)) noted(this.#noQuestions, event)
  }

  get lines(): number {
    return this.#lines
  }

  /** What makes it another file, and what to do about it. */
  get fault(): string | undefined {
    const noObject = this.#noObjects
    const noQuestion = this.#noQuestions
    if (this.#isMost(noObject)) return this.#noObjectsFault(noObject)
    if (this.#isMost(noQuestion)) return this.#noQuestionsFault(noQuestion)
    // None can be asked, for one reason or the other.
    if (this.#lines > 0 && noObject.count + noQuestion.count === this.#lines)
      return this.#noQuestionsFault(noQuestion)
    return undefined
  }

  #isMost({ count }: Faulty): boolean {
    return count > this.#lines / 2
  }

  #noObjectsFault({ count, first }: Faulty): string {
    const { line = 1, value } = first ?? {}
    if (value && objectBehindComma(value)) return `has a comma at the end of line ${line}: ${NO_COMMA}`
    const between = value && betweenObjects(value)
    if (between)
      return `has objects behind one another in line ${line}, with ${between} between them: ${LINE_EACH}`
    return count === this.#lines
      ? `has no line that is a JSON object: ${TAKEN}`
      : `has ${count} lines of ${this.#lines} that are no JSON object, the first is line ${line}: ${TAKEN}`
  }

  #noQuestionsFault({ count, first }: Faulty): string {
    const { line = 1, value } = first ?? {}
    if (this.#content === 'rows')
      return `has ${count} rows of ${this.#lines} without a title and a text, the first is line ${line}: fill them in, or take them out`
    const object = (value && objectIn(value)) ?? {}
    return count === this.#lines
      ? noQuestion(object, 'the first one')
      : `has ${count} lines of ${this.#lines} that are no question. Line ${line} ${noQuestion(object, 'it')}`
  }
}

/** The fault of a stream by its first line: more of it cannot be looked at before that is fed. */
export function faultOfFirst({ value, tooLong }: InputEvent, content: Content): string | undefined {
  if (tooLong !== undefined) return undefined
  if (objectBehindComma(value)) return `has a comma at the end of its first line: ${NO_COMMA}`
  const found = objectIn(value)
  const between = found ? undefined : betweenObjects(value)
  if (between)
    return `has objects behind one another in its first line, with ${between} between them: ${LINE_EACH}`
  if (!found) return `begins with what is no JSON object: ${TAKEN}`
  return content === 'any' || hasQuestion(found) ? undefined : noQuestion(found, 'the first one')
}

function noted(faulty: Faulty, { line, value }: InputEvent): void {
  faulty.count++
  faulty.first ??= { line, value }
}

const hasQuestion = (event: object): boolean => OF_QUESTIONS.some(name => name in event)

function noQuestion(event: object, subject: string): string {
  const [listed] = Object.entries(event).find(([, value]) => isListOfQuestions(value)) ?? []
  if (listed !== undefined)
    return `is an object that has its questions in a list: take them out of it (jq -c '.${cited(listed)}[]')`
  const fields = Object.keys(event).map(name => beginning(name, FIELD_CHARACTERS_MAX))
  const [first = 'question'] = fields
  return `has no question: an object needs a title or a text, ${subject} has ${fields.slice(0, FIELDS_SHOWN_MAX).join(', ') || 'no field'}; rename its field (jq -c '. + {title: .${cited(first)}}')`
}

const isListOfQuestions = (value: unknown): boolean =>
  Array.isArray(value) && value.some(each => typeof each === 'object' && each !== null && hasQuestion(each))

/** A name as jq takes it behind a dot: in quotes where it is no identifier. */
const cited = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

function objectIn(value: Uint8Array): object | undefined {
  const found = jsonIn(value)
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : undefined
}

const COMMA = 0x2c

/** As the lines of an array have it whose brackets were cut off. */
function objectBehindComma(value: Uint8Array): object | undefined {
  const end = value.findLastIndex(byte => byte > 0x20)
  return value[end] === COMMA ? objectIn(value.subarray(0, end)) : undefined
}

/** The value, or nothing where it is not JSON. */
export function jsonIn(value: Uint8Array): unknown {
  try {
    return JSON.parse(asText(value))
  } catch {
    return undefined
  }
}
