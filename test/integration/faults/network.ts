/** The network between pods and brokers, through a proxy before each broker: cut or slow, for one of them or for all. */
import { type Between, KafkaProxy, NOTHING_BETWEEN, type ProxyOptions } from './proxy.ts'
import { CUT, type Way } from './relay.ts'

/** Which direction stops: requests to the broker, its answers, both; or connections are closed and refused. */
export const CUTS = ['both', 'requests', 'answers', 'refused'] as const
export type Cut = (typeof CUTS)[number]

export interface Impairment {
  /** Of all pods where it is left out. */
  readonly pod?: string
  /** To all brokers where it is left out; counted from 1. */
  readonly broker?: number
  readonly cut?: Cut
  readonly latencyMs?: number
  readonly bytesPerSecond?: number
}

export class Network {
  readonly proxies: readonly KafkaProxy[]
  readonly #impairments = new Set<Impairment>()

  constructor(
    places: readonly { readonly listens: number; readonly broker: number }[],
    options: Pick<ProxyOptions, 'troubleFor' | 'delayMs'>,
  ) {
    this.proxies = places.map(
      (place, index) =>
        new KafkaProxy({ ...place, ...options, between: client => this.#between(client, index + 1) }),
    )
  }

  async start(): Promise<void> {
    await Promise.all(this.proxies.map(each => each.start()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map(each => each.stop()))
  }

  /** Until the returned function is called. */
  impair(impairment: Impairment): () => void {
    this.#impairments.add(impairment)
    for (const each of this.proxies) each.closeRefused()
    return () => void this.#impairments.delete(impairment)
  }

  #between(client: string, broker: number): Between {
    let between = NOTHING_BETWEEN
    for (const each of this.#impairments) {
      if (each.broker !== undefined && each.broker !== broker) continue
      if (each.pod !== undefined && !isOf(client, each.pod)) continue
      between = worsened(between, each)
    }
    return between
  }
}

/** A pod gives its connections its name, some with more behind it. */
function isOf(client: string, pod: string): boolean {
  return client.startsWith(pod) && !/^\w/.test(client.slice(pod.length))
}

function worsened(between: Between, { cut, latencyMs = 0, bytesPerSecond }: Impairment): Between {
  const slower = (way: Way): Way => ({
    isCut: way.isCut,
    latencyMs: way.latencyMs + latencyMs / 2,
    bytesPerSecond: Math.min(way.bytesPerSecond, bytesPerSecond ?? Number.POSITIVE_INFINITY),
  })
  return {
    requests: cut === 'both' || cut === 'requests' ? CUT : slower(between.requests),
    answers: cut === 'both' || cut === 'answers' ? CUT : slower(between.answers),
    isRefused: between.isRefused || cut === 'refused',
  }
}
