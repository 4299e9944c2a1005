/** The default name of a pod. */
import { hostname } from 'node:os'
import type { System } from '#core/system.ts'

/** A name that shows the host and differs at each start. In containers, host and process id may be the same at each start. */
export function uniqueName(system: System): string {
  const host = hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'pod'
  const chance = Math.floor(system.random() * 36 ** 8).toString(36)
  return `${host}-${chance.padStart(8, '0')}`
}
