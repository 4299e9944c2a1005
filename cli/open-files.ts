/** Whether this process may have as many files open as the state of a graph needs. */
import { readFileSync } from 'node:fs'
import { CaudalError } from '#core/errors.ts'
import type { Plan } from '#topology/plan.ts'

/** Each task has a local copy of its state. */
const FILES_A_TASK = 3
/** Of log, stores, model server and gateway, and some calls at a time. */
const OTHER_FILES = 200

/** Throws CONFIGURATION_INVALID where one process cannot run all tasks of the graph. Node has raised its limit as far as it may. */
export function refuseFewFiles({ stages }: Pick<Plan, 'stages'>, filesMax = filesMaxHere()): void {
  const tasks = stages.reduce((sum, { partitions }) => sum + partitions, 0)
  const needed = tasks * FILES_A_TASK + OTHER_FILES
  if (filesMax >= needed) return
  throw new CaudalError('CONFIGURATION_INVALID', {
    faults: `this process may have ${filesMax} files open, and the state of ${tasks} tasks with all connections needs ${needed}: raise the limit (ulimit -n ${needed})`,
  })
}

/** As Linux says it. Other systems are not asked: macOS lets Node raise its limit as far as it likes. */
function filesMaxHere(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY // What cannot be read is not known to be too few.
  }
}
