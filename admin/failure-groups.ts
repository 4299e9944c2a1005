/** Failures grouped by where, why and how alike their messages are: what a person fixes at once is one line. */
import { hash } from 'node:crypto'
import type { Failure } from './failures.ts'

/** Failures of one cause. */
export interface FailureGroup {
  /** Of kind, node, code and likeness: the same as long as failures of the group come. */
  readonly id: string
  readonly kind: Failure['kind']
  readonly node: string
  readonly code: string
  /** The message with a mark in the place of what differs between failures. */
  readonly likeness: string
  /** The oldest first. */
  readonly failures: readonly Failure[]
}

const ID_DIGITS = 32

/** The largest group first. */
export function groupsOf(failures: readonly Failure[]): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup & { readonly failures: Failure[] }>()
  for (const failure of failures) {
    const { kind, node } = failure
    const code = codeOf(failure)
    const likeness = likenessOf(failure.reason)
    const id = hash('sha256', JSON.stringify([kind, node, code, likeness])).slice(0, ID_DIGITS)
    const group = groups.get(id) ?? { id, kind, node, code, likeness, failures: [] }
    groups.set(id, group)
    group.failures.push(failure)
  }
  return [...groups.values()].sort((a, b) => b.failures.length - a.failures.length)
}

/** A dead letter has a code of the catalogue; a question has the kind of its last failed call. */
export function codeOf({ detail }: Failure): string {
  if ('code' in detail) return detail.code
  return detail.request?.history.findLast(entry => entry.error_type)?.error_type ?? detail.reason
}

const LIKENESS_CHARACTERS_MAX = 200

/** What tells one failure from another of its kind: quoted texts, identities, addresses, numbers. */
const DIFFERING =
  /"[^"]*"|'[^']*'|`[^`]*`|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\bhttps?:\/\/\S+|\b[0-9a-f]{12,}\b|\d+([.,:]\d+)*/gi

/** A message in which numbers, quoted texts, addresses and identities are one mark: equal causes become equal texts. */
export const likenessOf = (message: string): string =>
  message
    .slice(0, 2_000)
    .replace(DIFFERING, '…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LIKENESS_CHARACTERS_MAX)
    .toWellFormed()
