/** The name of a pod that was given none. */
import { hostname } from 'node:os'
import type { System } from '#core/system.ts'

/** Says to people where the pod runs, and differs at each start: in containers neither host nor process id would. */
export function uniqueName(system: System): string {
  const host = hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'pod'
  const chance = Math.floor(system.random() * 36 ** 8).toString(36)
  return `${host}-${chance.padStart(8, '0')}`
}
