/** The identity of a question: equal questions of one organisation and one task type have the same. */
import { hash } from 'node:crypto'
import type { Intake } from './types.ts'

/** The parts of a question that make its identity. */
export type Question = Pick<Intake, 'organization_id' | 'task_type' | 'title' | 'content'>

/**
 * SHA-256 in hexadecimal digits. Texts are equal that differ in white space alone, or in how Unicode composes their
 * characters. The list keeps its parts apart: no two questions become one by where a part ends.
 */
export function questionHash({ organization_id, task_type, title, content }: Question): string {
  return hash(
    'sha256',
    JSON.stringify([organization_id ?? '', task_type, normal(title), normal(content ?? '')]),
  )
}

const normal = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim()
