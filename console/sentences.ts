/** What holds the flow up, in the reader's language: a sentence of the catalogue for each code of the gateway. */
import { count } from './format.ts'
import { named, wordsUnder } from './language.ts'
import type { Bottleneck } from './shapes.ts'
import { harmless } from './shown.ts'

/** A code that this console does not know is shown as the gateway says it. */
export function sentenceOf({ code, values, text }: Bottleneck): string {
  const words = wordsUnder(`bottleneck.${code}`)
  if (words === undefined) return harmless(text)
  return harmless(
    words.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name]
      if (name === 'name') return named('part', String(value))
      return typeof value === 'number'
        ? name === 'minutes' || name === 'rate'
          ? String(value)
          : count(value)
        : String(value ?? '')
    }),
  )
}

/** How it is meant: something must be done, something is slow, all is well. */
export function toneOf(code: string): 'bad' | 'warn' | 'good' | 'still' {
  if (['no_pods', 'pods_silent', 'task_blocked', 'provider_setup', 'dead_letters'].includes(code))
    return 'bad'
  if (code === 'flowing') return 'good'
  return code === 'idle' ? 'still' : 'warn'
}
