/** `when did Rome fall` and `when Rome fell` ask the same: the past stands at `did`, or at the verb. */
import type { Part } from './part.ts'
import { PAST_FORMS } from './tables/past-forms.ts'

/** Both with `did`, where one of them has it and the other has the past of one of its words at the same place. */
export function withOnePast(
  a: readonly Part[],
  b: readonly Part[],
): readonly [readonly Part[], readonly Part[]] {
  const [didA, didB] = [hasDid(a), hasDid(b)]
  if (didA === didB) return [a, b]
  return didA ? [a, likeDid(b, a)] : [likeDid(a, b), b]
}

const isDid = ({ kind, key }: Part): boolean => kind === 'tense' && key === 'did'
const hasDid = (parts: readonly Part[]): boolean => parts.some(isDid)

function likeDid(parts: readonly Part[], withDid: readonly Part[]): readonly Part[] {
  const did = withDid.find(isDid)
  const settled = withDid.filter(part => !part.floats)
  const own = parts.filter(part => !part.floats)
  const hasOthers = [parts, withDid].some(each => each.some(part => part.floats && !isDid(part)))
  if (!did?.floats || hasOthers || settled.length !== own.length) return parts
  const verbs = own.flatMap((part, index) => {
    const base = settled[index]?.plain ?? ''
    return part.plain !== base && isPastOf(part.plain, base) ? [{ part, base }] : []
  })
  const [verb] = verbs
  if (!verb || verbs.length > 1) return parts
  return [
    did,
    ...parts.map(part =>
      part === verb.part ? { ...part, key: verb.base, plain: verb.base, low: verb.base } : part,
    ),
  ]
}

function isPastOf(past: string, base: string): boolean {
  const regular = [`${base}ed`, `${base}d`, `${base}${base.at(-1)}ed`, base.replace(/y$/, 'ied')]
  return PAST_FORMS.get(past) === base || (past !== base && regular.includes(past) && past.endsWith('ed'))
}
