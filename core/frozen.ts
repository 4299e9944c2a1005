/** Values that many share: nobody can change what the others see. */

/**
 * Freezes a value with all that it holds. Returns false where freezing is not enough: bytes, dates, maps, sets and private
 * fields can be changed all the same. Each reader of such a value needs a copy of its own.
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
