/**
 * The name of a change of a task type, which is part of the prompt version: its number, and the digest of what it says. Numbers
 * can come twice: two people write at one moment, or somebody writes to the topic by hand. The digest tells the changes apart.
 */
import { hash } from 'node:crypto'
import { isLoose } from './fields.ts'
import type { TaskConfig } from './types.ts'

const DIGITS = 8

/** `7.3fa9c1d2` of change number 7. Fields that are left out, or null, say nothing. */
export const changeName = (config: TaskConfig): string => `${config.version}.${digestOf(config)}`

/** Whether the name is that of the change. Answers of earlier releases have the number alone. */
export const isNamed = (name: string, config: TaskConfig): boolean =>
  name === changeName(config) || name === String(config.version)

function digestOf({ task_type: _, version: __, ...said }: TaskConfig): string {
  return hash('sha256', JSON.stringify(sorted(said))).slice(0, DIGITS)
}

/** The same change has the same text, however its fields were ordered. */
function sorted(value: unknown): unknown {
  if (!isLoose(value)) return value
  const fields = Object.entries(value).filter(([, each]) => each !== undefined && each !== null)
  return fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)])
}
