/** Versions of prompts for the page: which two are compared, what a change means, and when each was live: pure functions. */
import type { Interval, Version, VersionLives, VersionText } from './shapes.ts'

export const MARKS = ['final', 'exactness', 'completeness', 'clarity', 'concision', 'usefulness'] as const
export type Mark = (typeof MARKS)[number]

/** A version and its model in one text, for the address. */
export const idOf = ({ prompt_version: version, model }: Pick<Version, 'prompt_version' | 'model'>): string =>
  JSON.stringify([version, model])

/** Task types that have answers, that with the most first. */
export function taskTypesOf(versions: readonly Version[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { task_type: name, answers } of versions) counts.set(name, (counts.get(name) ?? 0) + answers)
  return [...counts].sort((one, other) => other[1] - one[1]).map(([name]) => name)
}

export interface Compared {
  /** What is compared with. */
  readonly a: Version
  readonly b: Version
}

/** What the address names; else the version that was delivered last, against the one before it. */
export function comparedIn(
  versions: readonly Version[],
  query: Readonly<Record<string, string>>,
): Compared | undefined {
  const named = (id: string | undefined) => versions.find(each => idOf(each) === id)
  const b = named(query.b) ?? versions.find(each => idOf(each) !== query.a)
  const a = named(query.a) ?? versions.find(each => each !== b)
  return a && b && a !== b ? { a, b } : undefined
}

export type Verdict = 'better' | 'worse' | 'unclear'

/** An interval that holds 0 says neither. */
export function verdictOf(interval: Interval | undefined): Verdict {
  const [low = 0, high = 0] = interval ?? []
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'unclear'
}

/** Names of the settings in which two versions differ; nothing where those of one are not known. */
export function changedSettings(a: VersionText, b: VersionText): readonly string[] | undefined {
  const [one, other] = [a.settings, b.settings]
  if (!one || !other) return undefined
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(name => one[name] !== other[name])
}

/** How many answers a version has in each slice of the time, from the first to the last. */
export function bandOf({ slices }: VersionLives, version: Version): readonly number[] {
  const length = Math.max(...slices.map(({ slice }) => slice)) + 1
  const band = Array.from({ length }, () => 0)
  for (const each of slices)
    if (idOf(each) === idOf(version) && each.task_type === version.task_type) band[each.slice] = each.answers
  return band
}

/** The answers of a version in the list of questions. */
export function questionsOf(
  { task_type, prompt_version, model }: Version,
  organization: string | undefined,
): string {
  const query = new URLSearchParams({ task_type, prompt_version, model, state: 'delivered' })
  if (organization !== undefined) query.set('organization', organization)
  return `#/questions?${query}`
}
