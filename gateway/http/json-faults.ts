/** What JSON allows and the gateway does not: the same name twice in one object, and nesting without end. */
import type { InputFault } from '../schema.ts'

const DEPTH_MAX = 100

/** An object or a list that is open where the text is read. */
interface Open {
  /** Of an object, the names so far. */
  readonly names: Set<string> | undefined
  /** Name or index of what is read. */
  step: string | number
  isName: boolean
}

/** The first fault of a text that is JSON. */
export function jsonFault(text: string): InputFault | undefined {
  const open: Open[] = []
  for (let at = 0; at < text.length; at++) {
    const top = open.at(-1)
    switch (text[at]) {
      case '{':
      case '[':
        if (open.length === DEPTH_MAX) return faultAt(open, `is nested deeper than ${DEPTH_MAX} levels`)
        open.push(
          text[at] === '{'
            ? { names: new Set(), step: '', isName: true }
            : { names: undefined, step: 0, isName: false },
        )
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (top) next(top)
        break
      case '"': {
        const end = endOf(text, at)
        if (top?.isName && isRepeated(top, JSON.parse(text.slice(at, end + 1))))
          return faultAt(open, 'is there more than once')
        at = end
      }
    }
  }
  return undefined
}

function next(top: Open): void {
  if (typeof top.step === 'number') top.step++
  else top.isName = true
}

/** Whether the object has the name already, which is where the text is read now. */
function isRepeated(top: Open, name: string): boolean {
  const isKnown = top.names?.has(name) === true
  top.names?.add(name)
  top.step = name
  top.isName = false
  return isKnown
}

/** Where the text that begins here has its closing quote. */
function endOf(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

const faultAt = (open: readonly Open[], reason: string): InputFault => ({
  pointer: open.map(({ step }) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
  reason,
})
