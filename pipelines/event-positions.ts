/** Places in the stream of all events: for each topic that it is read from, the offset up to which each partition is read. */

/** By topic, then by partition. */
export type Positions = readonly (readonly number[])[]

/** Where an event stands. */
export interface EventPlace {
  /** Index of the topic. */
  readonly topic: number
  readonly partition: number
  readonly offset: number
}

const DIGITS = 36

/** As a client keeps them: topics are parted by `-`, partitions by `.`. */
export const positionsText = (positions: Positions): string =>
  positions.map(offsets => offsets.map(offset => offset.toString(DIGITS)).join('.')).join('-')

/** Nothing for a text that is none. */
export function positionsIn(text: string): Positions | undefined {
  if (!/^[0-9a-z]{1,10}([.-][0-9a-z]{1,10})*$/.test(text)) return undefined
  return text.split('-').map(part => part.split('.').map(digits => Number.parseInt(digits, DIGITS)))
}

export const offsetAt = (positions: Positions, { topic, partition }: Omit<EventPlace, 'offset'>): number =>
  positions[topic]?.[partition] ?? 0

/** Position by position, over the places of `shape`. */
export const mapPositions = (
  shape: Positions,
  map: (place: Omit<EventPlace, 'offset'>, offset: number) => number,
): number[][] =>
  shape.map((offsets, topic) => offsets.map((offset, partition) => map({ topic, partition }, offset)))

/** Whether nothing of `other` lies behind `positions`. */
export const isUpTo = (positions: Positions, other: Positions): boolean =>
  other.every((offsets, topic) =>
    offsets.every((offset, partition) => offsetAt(positions, { topic, partition }) >= offset),
  )

/** How many offsets lie between. */
export const distance = (from: Positions, to: Positions): number =>
  to.reduce(
    (sum, offsets, topic) =>
      offsets.reduce(
        (all, offset, partition) => all + Math.max(0, offset - offsetAt(from, { topic, partition })),
        sum,
      ),
    0,
  )
