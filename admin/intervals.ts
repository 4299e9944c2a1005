/** Intervals of 95 % around what a sample shows, from sums that a store gives. */

/** Of values: how many, their sum, and the sum of their squares. */
interface Sums {
  readonly count: number
  readonly sum: number
  readonly squares: number
}

/** Both ends. */
export type Interval = readonly [low: number, high: number]

/** Fewer answers say little: the interval is wide, and its assumptions hold badly. */
export const FEW = 50

/** The quantile 0.975 of the normal distribution. */
const Z = 1.959963984540054

export const meanOf = ({ count, sum }: Sums): number | undefined => (count > 0 ? sum / count : undefined)

/** Below this part of the square of the mean a variance is what rounding left of equal values. */
const ROUNDING = 1e-12

/**
 * Of a mean, by Student's t: mean ± t(0.975, n - 1) * s / sqrt(n) (Student, "The probable error of a mean", 1908). Nothing
 * for fewer than two values. Nothing for few that are all equal: an interval without width would claim to be sure.
 */
export function meanInterval({ count, sum, squares }: Sums): Interval | undefined {
  if (count < 2) return undefined
  const mean = sum / count
  // Rounding can bring the difference of two large sums below zero.
  const variance = Math.max(0, (squares - sum * mean) / (count - 1))
  if (count < FEW && variance <= ROUNDING * mean * mean) return undefined
  const half = studentT(count - 1) * Math.sqrt(variance / count)
  return [mean - half, mean + half]
}

/**
 * Of a share, by Wilson's score ("Probable inference, the law of succession, and statistical inference", 1927).
 * It stays within 0 to 1, and holds for small samples and shares near the ends. The textbook's normal interval does not:
 * Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", 2001.
 */
export function shareInterval(hits: number, count: number): Interval | undefined {
  if (count < 1) return undefined
  const share = hits / count
  const square = Z * Z
  const middle = (share + square / (2 * count)) / (1 + square / count)
  const spread = Math.sqrt((share * (1 - share)) / count + square / (4 * count * count))
  const half = (Z * spread) / (1 + square / count)
  return [hits === 0 ? 0 : middle - half, hits === count ? 1 : middle + half]
}

/** Too few degrees for the expansion below. */
const FIRST = [12.7062, 4.3027, 3.1824, 2.7764]

/** The quantile 0.975 of Student's t, by the expansion 26.7.5 of Abramowitz and Stegun, Handbook of Mathematical Functions. */
export function studentT(degrees: number): number {
  const known = FIRST[degrees - 1]
  if (known !== undefined) return known
  const [three, five, seven, nine] = [Z ** 3, Z ** 5, Z ** 7, Z ** 9]
  return (
    Z +
    (three + Z) / (4 * degrees) +
    (5 * five + 16 * three + 3 * Z) / (96 * degrees ** 2) +
    (3 * seven + 19 * five + 17 * three - 15 * Z) / (384 * degrees ** 3) +
    (79 * nine + 776 * seven + 1482 * five - 1920 * three - 945 * Z) / (92_160 * degrees ** 4)
  )
}
