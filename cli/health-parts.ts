/** The health of a gateway: what is looked at, and the route that shows it. */
import { TOPICS } from '#answers/topics.ts'
import type { Log } from '#engine/log/log.ts'
import type { Health, HealthPart } from '#gateway/health.ts'
import type { Route } from '#observability/http-server.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'

export const logPart = (log: Log): HealthPart => ({
  name: 'log',
  isEssential: true,
  check: async () => {
    await log.bounds([{ topic: TOPICS.raw, partition: 0 }])
    return undefined
  },
})

export const registryPart = (registry: SchemaRegistry): HealthPart => ({
  name: 'registry',
  // Schemas that are known go on being used.
  isEssential: false,
  check: async () => {
    await registry.latest(`${TOPICS.delivered}-value`)
    return undefined
  },
})

export const providerPart = (troubles: () => readonly string[]): HealthPart => ({
  name: 'provider',
  isEssential: false,
  check: () => troubles().join('; ') || undefined,
})

export const routeOf = (health: Health): Route => ({
  path: '/health',
  method: 'GET',
  answer: async () => {
    const report = await health.report()
    return { status: report.status === 'down' ? 503 : 200, body: report }
  },
})

/** Stores that are away. What else is down has a sentence of its own. */
export async function awayOf(
  health: Health,
): Promise<readonly { readonly name: string; readonly reason: string }[]> {
  const { parts } = await health.report()
  return parts.flatMap(({ name, reason }) =>
    reason === undefined || ['provider', 'log', 'views'].includes(name) ? [] : [{ name, reason }],
  )
}
