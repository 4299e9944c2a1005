/** Moving from the embedded registry to another one: what was written before the move stays readable. */
import type { SchemaRegistry } from './registry.ts'

/** Registers with `registry` alone, and asks `former` for the ids that it does not have. */
export function withFormer(registry: SchemaRegistry, former: SchemaRegistry): SchemaRegistry {
  return {
    address: registry.address,
    register: (subject, schema) => registry.register(subject, schema),
    idOf: (subject, schema) => registry.idOf(subject, schema),
    latest: async subject => (await registry.latest(subject)) ?? (await former.latest(subject)),
    schemaOf: async id => (await registry.schemaOf(id)) ?? (await former.schemaOf(id)),
  }
}
