/** Values that many share: nobody can change what the others see. */

/**
 * Freezes a value with all that it holds. False where that is not possible: bytes, dates, maps, sets and the private parts
 * of objects can be changed in spite of it, so each reader needs a copy of its own.
 */
export function freezeDeeply(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  if (!Array.isArray(value) && !isPlain(value)) return false
  Object.freeze(value)
  let whole = true
  for (const each of Object.values(value)) if (!freezeDeeply(each)) whole = false
  return whole
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
