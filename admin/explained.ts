/** What has changed in the graph since an earlier version. */
import { type Change, compare, type Plan, summarize, type TopologySummary } from '#topology/index.ts'

/** The changes since the version whose summary was kept. `undefined` if `kept` is no summary. */
export function changesSince(kept: unknown, plan: Plan): readonly Change[] | undefined {
  return isSummary(kept) ? compare(kept, summarize(plan)) : undefined
}

const PARTS = ['topics', 'operators', 'stages', 'renamedState'] as const
const LISTS = ['tiers', 'delayedTargets', 'droppedState'] as const

function isSummary(value: unknown): value is TopologySummary {
  if (typeof value !== 'object' || value === null || !('application' in value)) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  const hasParts = PARTS.every(name => typeof fields.get(name) === 'object' && fields.get(name) !== null)
  return hasParts && LISTS.every(name => Array.isArray(fields.get(name)))
}
