/** `wait`: how long a caller waits for the outcome of a run. */
import type { Outcome } from '#pipelines/outcome-index.ts'
import type { Call, Gateway } from '../operation.ts'

const WAIT_MAX_MS = 300_000
const UNITS = { ms: 1, s: 1_000, m: 60_000 } as const

/** Its pattern keeps the number small; `waitMs` cuts it. */
export const WAIT = {
  type: 'string',
  pattern: '^\\d{1,6}(ms|s|m)$',
  description: 'How long to wait for the outcome: a whole number of ms, s or m, at most 5m.',
} as const

/** The text fits the pattern. */
export function waitMs(wait: string | undefined): number {
  const [, digits = '0', unit = 'ms'] = /^(\d+)(ms|s|m)$/.exec(wait ?? '0ms') ?? []
  const factor = unit === 's' ? UNITS.s : unit === 'm' ? UNITS.m : UNITS.ms
  return Math.min(WAIT_MAX_MS, Number(digits) * factor)
}

/** Nothing when the time is over first. Rejects when the caller has left, and when the gateway stops. */
export async function outcomeWithin(
  { service, system }: Gateway,
  id: string,
  delayMs: number,
  { signal }: Pick<Call, 'signal'>,
): Promise<Outcome | undefined> {
  const known = service.outcomeNow(id)
  if (known || delayMs === 0) return known
  const over = new AbortController()
  const cancel = system.after(delayMs, () => over.abort())
  try {
    return await service.outcome(id, AbortSignal.any([signal, over.signal]))
  } catch (error) {
    if (over.signal.aborted) return undefined
    throw error
  } finally {
    cancel()
  }
}
