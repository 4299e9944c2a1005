/** Numbers given as options, checked together. */
import { CaudalError } from '#core/errors.ts'

type Read<N extends string> = (
  name: N,
  otherwise: number,
  range: readonly [number, number],
  /** A number of any kind, where left out. */
  type?: 'integer' | 'number',
) => number

interface Checked {
  /** Throws REJECTED with every fault found so far. */
  check(): void
}

export function numbersOf<N extends string>(
  given: Readonly<Record<N, string | undefined>>,
): Read<N> & Checked {
  const faults: string[] = []
  const read: Read<N> = (name, otherwise, [low, high], type = 'number') => {
    const text = given[name]
    if (text === undefined) return otherwise
    const value = Number(text)
    const fits = text.trim() !== '' && value >= low && value <= high
    if (fits && (type === 'number' || Number.isInteger(value))) return value
    faults.push(
      `--${name} must be a ${type === 'integer' ? 'whole ' : ''}number from ${low} to ${high}, not "${text}"`,
    )
    return otherwise
  }
  const check = () => {
    if (faults.length > 0) throw new CaudalError('REJECTED', { reason: faults.join('\n') })
  }
  return Object.assign(read, { check })
}
