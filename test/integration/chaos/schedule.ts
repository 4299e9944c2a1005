/**
 * What is done to a running application, drawn from a seed before it begins: the same seed gives the same schedule.
 *
 * A schedule is a list of rounds. In a round faults overlap, of brokers and pods, of the network between them and of clocks.
 * Then nothing happens for a while, mostly for longer than everything may take to flow again. Every fault ends by itself, so
 * all brokers come back; at most two of them are away at a time. A place for a pod is a slot: pods come, go and change names.
 */
import type { Random } from '#testing/seeded-random.ts'
import { CUTS, type Cut } from '../faults/network.ts'

export const SLOTS = { atStart: 3, max: 4 } as const
const PLAY = {
  actsMax: 4,
  /** Of the rounds, this share begins with all acts at once. */
  atOnce: 0.3,
  withinMs: 6_000,
  /** Of the rounds, this share is followed by the next with hardly a pause. */
  hurried: 0.3,
  hurriedMs: [0, 4_000],
  calmMs: [11_000, 14_000],
} as const
const BROKERS_AWAY_MAX = 2

/** `at` counts from the begin of the round; how long a fault lasts is `forMs`, 0 for what is done in a moment. */
interface Timed {
  readonly at: number
  readonly forMs: number
}
/** A broker: its number from 1 on, or the coordinator of the transactions of the pod in a slot at that moment. */
export type BrokerChoice = number | { readonly coordinatorOf: number }

export type Act = Timed &
  (
    | { readonly kind: 'brokerStops' | 'brokerDies'; readonly broker: BrokerChoice }
    | { readonly kind: 'brokerCutOff'; readonly broker: number; readonly cut: Cut }
    | {
        readonly kind: 'brokerSlow'
        readonly broker: number
        readonly latencyMs: number
        readonly bytesPerSecond: number
      }
    | {
        readonly kind: 'podStops' | 'podDies' | 'podRenamed' | 'podLeaves' | 'podJoins'
        readonly slot: number
      }
    | { readonly kind: 'podCutOff'; readonly slot: number; readonly cut: Cut }
    | {
        readonly kind: 'podSlow'
        readonly slot: number
        readonly latencyMs: number
        readonly bytesPerSecond: number
      }
    | {
        readonly kind: 'clockStepped'
        readonly slot: number
        readonly offSeconds: number
        readonly cut: Cut
      }
    | { readonly kind: 'podsRolled' }
    | { readonly kind: 'leadersMoved'; readonly shift: number }
    | { readonly kind: 'messagesLost' }
  )

export interface Round {
  readonly acts: readonly Act[]
  readonly calmMs: number
}

const CLOCKS_OFF_SECONDS = [-3_600, -600, 3_600, 0]

/** One drawn by its weight, over and over; each kind as often as it weighs. */
const KINDS: readonly (readonly [Act['kind'], number])[] = [
  ['brokerStops', 3],
  ['brokerDies', 3],
  ['brokerCutOff', 2],
  ['brokerSlow', 1],
  ['podStops', 3],
  ['podDies', 3],
  ['podRenamed', 2],
  ['podLeaves', 2],
  ['podJoins', 2],
  ['podCutOff', 3],
  ['podSlow', 1],
  ['clockStepped', 3],
  ['podsRolled', 1],
  ['leadersMoved', 2],
  ['messagesLost', 2],
]
const DRAWN = KINDS.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind))

/** Rounds that take about so long in all. */
export function drawSchedule(random: Random, durationMs: number, brokers: number): readonly Round[] {
  const draws = new Draws(random)
  const slots = Array.from({ length: SLOTS.max }, (_, slot) => slot < SLOTS.atStart)
  const rounds: Round[] = []
  const [, longestCalmMs] = PLAY.calmMs
  for (let passedMs = 0; passedMs < durationMs; ) {
    const round = new RoundDraw(draws, slots, brokers).draw()
    rounds.push(round)
    passedMs += Math.max(...round.acts.map(({ at, forMs }) => at + forMs)) + round.calmMs
  }
  // What is stuck at the end must show while there is still load.
  return rounds.map((round, index) =>
    index === rounds.length - 1 ? { ...round, calmMs: longestCalmMs } : round,
  )
}

class Draws {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  one<T>(choices: readonly [T, ...T[]]): T
  one<T>(choices: readonly T[]): T | undefined
  one<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)]
  }

  between(min: number, max: number): number {
    return Math.round(min + this.#random() * (max - min))
  }

  chance(share: number): boolean {
    return this.#random() < share
  }
}

/** Draws one round: in it, nothing happens twice to the same pod or to the same broker. */
class RoundDraw {
  readonly #draws: Draws
  /** Whether there is a pod in each slot; what the round changes is changed here. */
  readonly #slots: boolean[]
  readonly #freeBrokers: Set<number>
  readonly #freeSlots: Set<number>
  readonly #once = new Set<Act['kind']>()
  #brokersAway = 0

  constructor(draws: Draws, slots: boolean[], brokers: number) {
    this.#draws = draws
    this.#slots = slots
    this.#freeBrokers = new Set(Array.from({ length: brokers }, (_, index) => index + 1))
    this.#freeSlots = new Set(slots.keys())
  }

  draw(): Round {
    const draws = this.#draws
    const atOnce = draws.chance(PLAY.atOnce)
    const acts: Act[] = []
    for (let left = draws.between(1, PLAY.actsMax); left > 0 || acts.length === 0; left--) {
      const act = this.#act(DRAWN[draws.between(0, DRAWN.length - 1)] ?? 'podDies')
      if (act) acts.push({ ...act, at: atOnce ? 0 : draws.between(0, PLAY.withinMs) })
    }
    const [min, max] = draws.chance(PLAY.hurried) ? PLAY.hurriedMs : PLAY.calmMs
    return { acts: acts.sort((a, b) => a.at - b.at), calmMs: draws.between(min, max) }
  }

  /** Nothing where this round has no place for it. */
  #act(kind: Act['kind']): Act | undefined {
    switch (kind) {
      case 'brokerStops':
      case 'brokerDies':
        return this.#brokerAway(kind)
      case 'brokerCutOff':
      case 'brokerSlow':
        return this.#brokerFar(kind)
      case 'podsRolled':
        return this.#roll()
      case 'leadersMoved':
        return this.#single({ kind, at: 0, forMs: 0, shift: this.#draws.between(1, 2) })
      case 'messagesLost':
        return this.#single({ kind, at: 0, forMs: this.#draws.between(1_000, 8_000) })
      case 'podJoins':
      case 'podLeaves':
        return this.#scale(kind)
      default:
        return this.#podAct(kind)
    }
  }

  #brokerAway(kind: 'brokerStops' | 'brokerDies'): Act | undefined {
    const draws = this.#draws
    if (this.#brokersAway >= Math.min(BROKERS_AWAY_MAX, this.#freeBrokers.size)) return undefined
    this.#brokersAway++
    const forMs = kind === 'brokerDies' ? draws.between(500, 6_000) : draws.between(1_000, 12_000)
    const slot = draws.one([...this.#slots.keys()].filter(each => this.#slots[each]))
    if (slot !== undefined && draws.chance(0.4))
      return { kind, at: 0, forMs, broker: { coordinatorOf: slot } }
    const broker = this.#take(this.#freeBrokers)
    return broker === undefined ? undefined : { kind, at: 0, forMs, broker }
  }

  #brokerFar(kind: 'brokerCutOff' | 'brokerSlow'): Act | undefined {
    const broker = this.#take(this.#freeBrokers)
    if (broker === undefined) return undefined
    const forMs = this.#draws.between(1_000, 12_000)
    if (kind === 'brokerCutOff') return { kind, at: 0, forMs, broker, cut: this.#draws.one(CUTS) }
    return { kind, at: 0, forMs, broker, ...this.#slowness() }
  }

  #podAct(kind: 'podStops' | 'podDies' | 'podRenamed' | 'podCutOff' | 'podSlow' | 'clockStepped') {
    const slot = this.#take(this.#freeSlots, each => this.#slots[each] === true)
    if (slot === undefined) return undefined
    const draws = this.#draws
    const act = { at: 0, slot }
    switch (kind) {
      case 'podDies':
      case 'podRenamed':
        return { ...act, kind, forMs: draws.between(0, 3_000) }
      case 'podStops':
        return { ...act, kind, forMs: draws.between(1_000, 15_000) }
      case 'podCutOff':
        return { ...act, kind, forMs: draws.between(500, 12_000), cut: draws.one(CUTS) }
      case 'podSlow':
        return { ...act, kind, forMs: draws.between(2_000, 12_000), ...this.#slowness() }
      case 'clockStepped': {
        const offSeconds = draws.one(CLOCKS_OFF_SECONDS) ?? 0
        return { ...act, kind, forMs: draws.between(500, 8_000), offSeconds, cut: draws.one(CUTS) }
      }
    }
  }

  #scale(kind: 'podJoins' | 'podLeaves'): Act | undefined {
    const joins = kind === 'podJoins'
    if (!joins && this.#slots.filter(Boolean).length < 2) return undefined
    const slot = this.#take(this.#freeSlots, each => this.#slots[each] !== joins)
    if (slot === undefined) return undefined
    this.#slots[slot] = joins
    return { kind, at: 0, forMs: 0, slot }
  }

  #roll(): Act | undefined {
    if (this.#freeSlots.size < this.#slots.length) return undefined
    this.#freeSlots.clear()
    return { kind: 'podsRolled', at: 0, forMs: 0 }
  }

  #single(act: Act): Act | undefined {
    if (this.#once.has(act.kind)) return undefined
    this.#once.add(act.kind)
    return act
  }

  #slowness() {
    return {
      latencyMs: this.#draws.between(20, 400),
      bytesPerSecond: this.#draws.between(50, 1_000) * 1_000,
    }
  }

  #take(from: Set<number>, isFit: (each: number) => boolean = () => true): number | undefined {
    const taken = this.#draws.one([...from].filter(isFit))
    if (taken !== undefined) from.delete(taken)
    return taken
  }
}
