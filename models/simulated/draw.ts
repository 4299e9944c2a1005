/** Draws that depend on nothing but their names: the same seed, request and attempt always behave the same. */
import { hash } from 'node:crypto'

/** Two independent numbers in [0, 1) for a name. */
export function draws(...parts: readonly (string | number)[]): readonly [number, number] {
  const digest = hash('sha1', parts.join('\u0000'), 'buffer')
  return [digest.readUInt32BE(0) / 2 ** 32, digest.readUInt32BE(4) / 2 ** 32]
}

/** A standard normal number from two uniform ones (Box and Muller, 1958). */
export function normal([first, second]: readonly [number, number]): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second)
}
