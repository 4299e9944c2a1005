/**
 * Decides whether the answer to one question answers another. An index nominates by similarity, which cannot tell
 * `turn on` from `turn off`; the guard decides by what the two questions say.
 *
 * Both are read: frames off, function words off, numbers and units to one spelling, words to their stems and synonyms.
 * What is left must be the same in the same order. Every word of a question counts unless a table says that it does
 * not, so that what the guard does not know is refused. The price is that most free paraphrases are refused as well.
 */
import { withOnePast } from './english-past.ts'
import type { RuleName } from './part.ts'
import { type Reading, read } from './reading.ts'
import { RULES, type Rule } from './rules.ts'

/** Whether an earlier answer may serve a question; if not, by which rule. */
export type Ruling = { readonly served: true } | { readonly served: false; readonly rule: RuleName }

/** Compares a question with the question of a known answer. Refuses by the first rule that objects. */
export function judge(asked: string, known: string, rules: readonly Rule[] = RULES): Ruling {
  const [a, b] = [read(asked), read(known)]
  if ('unread' in a) return refused(a.unread)
  if ('unread' in b) return refused(b.unread)
  if (a.language !== b.language) return refused('language')
  const [first, second] = inOnePast(heeded(a, rules), heeded(b, rules))
  const rule = rules.find(each => each.objects(first, second))
  return rule ? refused(rule.name) : { served: true }
}

const refused = (rule: RuleName): Ruling => ({ served: false, rule })

/** Without the words that no rule looks after. */
function heeded(reading: Reading, rules: readonly Rule[]): Reading {
  const kinds = new Set(rules.map(({ kind }) => kind))
  return { ...reading, parts: reading.parts.filter(({ kind }) => kinds.has(kind)) }
}

function inOnePast(a: Reading, b: Reading): readonly [Reading, Reading] {
  const [partsA, partsB] = withOnePast(a.parts, b.parts)
  return [
    { ...a, parts: partsA },
    { ...b, parts: partsB },
  ]
}
