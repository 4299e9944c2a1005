/** Who changes something by a command, and why, as `llm.audit` keeps it. */
import { hostname, userInfo } from 'node:os'
import type { Actor } from '#admin/audit.ts'
import { reasonFaults } from '#admin/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'

/** The option of commands that do without a reason. */
export const reasonOption = {
  type: 'string',
  value: 'TEXT',
  description: `why, for ${TOPICS.audit}`,
} as const

/** The user of the system who runs the command, where the system knows one. */
export function actorHere(command: string): Actor {
  const from = `caudal ${command} on ${hostname()}`
  try {
    return { who: userInfo().username, from }
  } catch {
    return { who: 'a user without a name', from } // A container may run under a number that is nobody's.
  }
}

/** The reason that was given, or that none was. Throws REJECTED for one that is blank or too long. */
export function reasonGiven(text: string | undefined): string {
  const faults = text === undefined ? [] : reasonFaults(text)
  for (const { reason } of faults) throw new CaudalError('REJECTED', { reason: `--reason ${reason}` })
  return text ?? 'no reason was given'
}
