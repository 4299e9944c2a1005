/** Numbers given as options, checked together. */
import { CaudalError } from '#engine/core/errors.ts'

interface Numbers<N extends string> {
  (name: N, otherwise: number, range: readonly [number, number]): number
  /** Throws CONFIGURATION_INVALID with every fault found so far. */
  check(): void
}

export function numbersOf<N extends string>(given: Readonly<Record<N, string | undefined>>): Numbers<N> {
  const faults: string[] = []
  const read = (name: N, otherwise: number, [low, high]: readonly [number, number]): number => {
    const text = given[name]
    if (text === undefined) return otherwise
    const value = Number(text)
    if (text.trim() !== '' && value >= low && value <= high) return value
    faults.push(`--${name} must be a number from ${low} to ${high}, not "${text}"`)
    return otherwise
  }
  const check = () => {
    if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  }
  return Object.assign(read, { check })
}
