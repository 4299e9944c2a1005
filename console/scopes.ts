/** What a brake is on, put in words and put together. */
import { named, t } from './language.ts'
import { harmless } from './shown.ts'

export const SCOPE_KINDS = ['everything', 'organization', 'task_type', 'model'] as const
export type ScopeKind = (typeof SCOPE_KINDS)[number]

export const scopeText = (kind: ScopeKind, name: string): string =>
  kind === 'everything' ? kind : `${kind}:${name}`

/** For people: `organization:acme` is the organisation acme. */
export function scopeWords(scope: string): string {
  const colon = scope.indexOf(':')
  if (colon < 0) return named('scope', scope)
  const [kind, name] = [scope.slice(0, colon), scope.slice(colon + 1)]
  if (name === '') return t('scope.noOrganization')
  return `${named('scope', kind)} ${harmless(name)}`
}
