/** Reads .avsc files. A type of another file is written by its name there, and put in at its first use here. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Avsc = string | readonly Avsc[] | AvscType

export interface AvscType {
  readonly type: Avsc
  readonly name?: string
  readonly namespace?: string
  readonly doc?: string
  readonly fields?: readonly AvscField[]
  readonly symbols?: readonly string[]
  readonly items?: Avsc
  readonly values?: Avsc
}

export interface AvscField {
  readonly name: string
  readonly type: Avsc
  readonly doc?: string
  readonly default?: unknown
}

/** Types of a folder by their names, in the order of their files. */
export type AvscFolder = ReadonlyMap<string, AvscType>

export function readFolder(folder: string): AvscFolder {
  const files = readdirSync(folder).filter(name => name.endsWith('.avsc'))
  const types = files.sort().map(file => {
    const type: AvscType = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    return [type.name ?? file, type] as const
  })
  return new Map(types)
}

/** The schema with every type that it names put in where it is first used: what a registry takes. */
export function whole(schema: AvscType, parts: AvscFolder): AvscType {
  const seen = new Set<string>([schema.name ?? ''])
  const inType = (type: Avsc): Avsc => {
    if (Array.isArray(type)) return type.map(inType)
    if (typeof type === 'string') {
      const part = parts.get(type)
      if (!part || seen.has(type)) return type
      seen.add(type)
      return inObject(part)
    }
    return inObject(type as AvscType) // What is neither a name nor a union.
  }
  const inObject = (type: AvscType): AvscType => ({
    ...type,
    ...(type.fields && { fields: type.fields.map(field => ({ ...field, type: inType(field.type) })) }),
    ...(type.items && { items: inType(type.items) }),
    ...(type.values && { values: inType(type.values) }),
  })
  return inObject(schema)
}
