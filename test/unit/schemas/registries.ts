/** A registry in memory that can be down, and the parts that its callers need. */
import { CaudalError } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { AvroType } from '#schemas/avro/avro-type.ts'
import { whyUnreadable } from '#schemas/avro/deploy.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'

export interface TestRegistry extends SchemaRegistry {
  isDown: boolean
  /** How often a schema was asked for by its id. */
  asked: number
}

/** Hands out ids from `firstId` on, refuses what cannot read its predecessor. */
export function testRegistry(firstId = 1): TestRegistry {
  const schemas = new Map<number, string>()
  const subjects = new Map<string, { readonly id: number; readonly schema: string }[]>()
  const versions = (subject: string) => subjects.get(subject) ?? []
  const registry: TestRegistry = {
    address: 'test registry',
    isDown: false,
    asked: 0,
    async register(subject, schema) {
      answer()
      const known = versions(subject).find(version => version.schema === schema)
      if (known) return known.id
      const latest = versions(subject).at(-1)
      const reason = latest && whyUnreadable(new AvroType(schema), latest.schema)
      if (reason !== undefined) throw new CaudalError('SCHEMAS_REFUSED', { faults: `${subject}: ${reason}` })
      const same = [...schemas].find(([, text]) => text === schema)
      const id = same?.[0] ?? firstId + schemas.size
      schemas.set(id, schema)
      subjects.set(subject, [...versions(subject), { id, schema }])
      return id
    },
    async idOf(subject, schema) {
      answer()
      return versions(subject).find(version => version.schema === schema)?.id
    },
    async latest(subject) {
      answer()
      return versions(subject).at(-1)?.schema
    },
    async schemaOf(id) {
      registry.asked++
      answer()
      return schemas.get(id)
    },
  }
  return registry

  function answer(): void {
    if (registry.isDown)
      throw new CaudalError('REGISTRY_UNAVAILABLE', { registry: 'test registry', reason: 'down' })
  }
}

/** Remembers what was warned of. */
export function warnings(): Logger & { readonly told: string[] } {
  const told: string[] = []
  return {
    told,
    debug() {},
    info() {},
    error() {},
    warn: (message, fields) => void told.push(`${message} ${JSON.stringify(fields)}`),
  }
}
