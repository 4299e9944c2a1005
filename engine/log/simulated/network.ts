/**
 * What can happen between clients and the cluster: requests and answers that are lost, late, repeated or refused,
 * clients cut off, and latency. A fault is armed for one client by its name, and for its next requests of one kind. That
 * keeps scenarios short and exact. A plan adds random faults for seeded runs.
 */
import type { System } from '#core/system.ts'

/** The kinds of requests, so far as faults tell them apart. */
export type Request =
  | 'topics'
  | 'append'
  | 'startProducer'
  | 'write'
  | 'endTransaction'
  | 'describeTransaction'
  | 'describeProducers'
  | 'addPartitions'
  | 'fetch'
  | 'join'
  | 'sync'
  | 'heartbeat'
  | 'leave'
  | 'claim'
  | 'readClaims'
  | 'positions'

/** Milliseconds that one way takes, drawn for each request; there is no latency when left out. */
export type Latency = (request: Request) => number

/** Probabilities, from 0 to 1, of random faults, each drawn per request. */
export interface FaultPlan {
  readonly requestLost?: number
  readonly answerLost?: number
  readonly refused?: number
  /** Late by up to `delayMsMax`, before the broker or after it with equal chances. */
  readonly delayed?: number
  readonly delayMsMax?: number
  /** A marker written up to `delayMsMax` after the decision, each partition's at its own time. */
  readonly markerDelayed?: number
  /** A fetch that hands out fewer records than there are. */
  readonly shortFetch?: number
}

/** What happens to one request. */
export interface Fate {
  requestLost: boolean
  answerLost: boolean
  /** The broker answers with an error and does nothing. */
  refused: boolean
  requestDelayMs: number
  answerDelayMs: number
  /** The broker receives it a second time, so much later. */
  repeatedAfterMs: number | undefined
}

/** How a client that is cut off notices: its calls run into their time-out, or fail at once. */
export type CutOff = 'hangs' | 'fails'

export class Network {
  readonly system: System
  readonly #latency: Latency | undefined
  #plan: FaultPlan | undefined
  /** Changes to the fates of coming requests, by client and kind. */
  readonly #armed = new Map<string, Partial<Fate>[]>()
  readonly #cutOff = new Map<string, CutOff>()

  constructor(system: System, latency: Latency | undefined, plan: FaultPlan | undefined) {
    this.system = system
    this.#latency = latency
    this.#plan = plan
  }

  arm(client: string, request: Request, fault: Partial<Fate>, times: number): void {
    const key = `${client} ${request}`
    const armed = this.#armed.get(key) ?? []
    for (let i = 0; i < times; i++) armed.push(fault)
    this.#armed.set(key, armed)
  }

  /** Forgets what is armed for one client, or for all. */
  disarm(client?: string): void {
    for (const key of this.#armed.keys()) {
      if (client === undefined || key.startsWith(`${client} `)) this.#armed.delete(key)
    }
  }

  setPlan(plan: FaultPlan | undefined): void {
    this.#plan = plan
  }

  cutOff(client: string, how: CutOff | undefined): void {
    if (how === undefined) this.#cutOff.delete(client)
    else this.#cutOff.set(client, how)
  }

  cutOffOf(client: string): CutOff | undefined {
    return this.#cutOff.get(client)
  }

  fateOf(client: string, request: Request): Fate {
    return {
      requestLost: this.#happens('requestLost'),
      answerLost: this.#happens('answerLost'),
      refused: this.#happens('refused'),
      requestDelayMs: this.#delayMs(request),
      answerDelayMs: this.#delayMs(request),
      repeatedAfterMs: undefined,
      ...this.#armed.get(`${client} ${request}`)?.shift(),
    }
  }

  /** How many of the records wanted a fetch may hand out. */
  fetchMax(recordsMax: number): number {
    return this.#happens('shortFetch') ? 1 + Math.floor(this.system.random() * recordsMax) : recordsMax
  }

  markerDelayMs(): number {
    return this.#happens('markerDelayed') ? this.#drawDelay() : 0
  }

  #drawDelay(): number {
    return this.system.random() * (this.#plan?.delayMsMax ?? 0)
  }

  #delayMs(request: Request): number {
    const usual = this.#latency?.(request) ?? 0
    const late = this.#happens('delayed', 0.5) ? this.#drawDelay() : 0
    return usual + late
  }

  #happens(fault: Exclude<keyof FaultPlan, 'delayMsMax'>, share = 1): boolean {
    const probability = this.#plan?.[fault]
    return probability !== undefined && this.system.random() < probability * share
  }
}
