/** Optional fields as TypeScript has them: where Avro reads null, the field is undefined. */
import avro, { type Type } from 'avsc'

/** Changes a value that was just decoded, and nothing else refers to. */
type Visit = (value: unknown) => void
type Fields = Record<string, unknown>

/**
 * What has to be done to values of a type; `undefined` where that is nothing. Only fields are changed: null as an item
 * of an array or map stays null.
 */
export function absencesOf(type: Type, known = new Map<Type, Visit>()): Visit | undefined {
  if (type instanceof avro.types.RecordType) return known.get(type) ?? visitFields(type, known)
  if (type instanceof avro.types.ArrayType) return visitItems(absencesOf(type.itemsType, known))
  if (type instanceof avro.types.MapType) return visitEntries(absencesOf(type.valuesType, known))
  return undefined
}

function visitFields(type: avro.types.RecordType, known: Map<Type, Visit>): Visit | undefined {
  const optional: string[] = []
  const nested: (readonly [string, Visit])[] = []
  const visit: Visit = value => {
    const fields = value as Fields // A record was decoded here, so an object with these fields.
    for (const name of optional) if (fields[name] === null) fields[name] = undefined
    for (const [name, inner] of nested) if (fields[name] !== undefined) inner(fields[name])
  }
  known.set(type, visit) // First, since a record may contain itself.
  for (const field of type.fields) {
    const branches = branchesOf(field.type)
    if (branches.some(({ typeName }) => typeName === 'null')) optional.push(field.name)
    const visits = branches.flatMap(branch => visitBranch(branch, branches.length, known))
    for (const inner of visits) nested.push([field.name, inner])
  }
  return optional.length + nested.length > 0 ? visit : undefined
}

/** In a union the value tells which branch it is of: unions whose branches look alike are refused. */
function visitBranch(branch: Type, branches: number, known: Map<Type, Visit>): readonly Visit[] {
  const visit = absencesOf(branch, known)
  if (!visit) return []
  if (branches === 1) return [visit]
  const isList = branch instanceof avro.types.ArrayType
  return [value => typeof value === 'object' && Array.isArray(value) === isList && visit(value)]
}

function branchesOf(type: Type): readonly Type[] {
  return type instanceof avro.types.UnwrappedUnionType ? type.types : [type]
}

function visitItems(visit: Visit | undefined): Visit | undefined {
  return (
    visit &&
    (value => {
      for (const item of value as readonly unknown[]) if (item !== null) visit(item) // An array was decoded here.
    })
  )
}

function visitEntries(visit: Visit | undefined): Visit | undefined {
  return (
    visit &&
    (value => {
      for (const item of Object.values(value as Fields)) if (item !== null) visit(item) // A map was decoded here.
    })
  )
}
