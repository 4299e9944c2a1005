/** Draws what happens next, and does it: to pods, to brokers, to messages on their way. */

import type { Random } from '#testing/seeded-random.ts'
import { TROUBLES, type Trouble } from '../faults/proxy.ts'
import type { Rig } from '../faults/rig.ts'
import { SESSION_MS } from '../faults/rig.ts'
import { pause } from '../faults/until.ts'

const PODS = { min: 1, start: 3, max: 4 } as const
const BETWEEN_MS = { min: 500, max: 8_000 } as const
/** Of all requests, while messages get lost. */
const TROUBLE_SHARE = 0.01

interface Act {
  readonly weight: number
  readonly possible: boolean
  do(): Promise<void> | void
}

export class ChaosSchedule {
  readonly #rig: Rig
  readonly #random: Random
  readonly #say: (text: string) => void
  readonly #frozen = new Set<string>()
  /** Acts that take their time go on beside the next ones. */
  readonly #underWay = new Set<Promise<void>>()
  #brokerIsAway = false
  #messagesGetLost = false
  #pods = 0

  constructor(rig: Rig, random: Random, say: (text: string) => void) {
    this.#rig = rig
    this.#random = random
    this.#say = say
  }

  troubleFor(_api: number): Trouble | undefined {
    if (!this.#messagesGetLost || Math.random() >= TROUBLE_SHARE) return undefined
    return TROUBLES[Math.floor(Math.random() * TROUBLES.length)]
  }

  async run(durationMs: number): Promise<void> {
    const names = Array.from({ length: PODS.start }, () => this.#newName())
    await this.#rig.startPods(names)
    this.#rig.begin()
    const end = Date.now() + durationMs
    while (Date.now() < end) {
      await pause(this.#between(BETWEEN_MS.min, BETWEEN_MS.max))
      this.#act()
    }
    this.#messagesGetLost = false
    this.#say('no more faults')
    await Promise.all(this.#underWay)
  }

  #act(): void {
    const possible = this.#acts().filter(each => each.possible)
    // Each as often as its weight: the draw is as fair as that.
    const chosen = this.#one(possible.flatMap(each => Array.from({ length: each.weight }, () => each)))
    const done = Promise.resolve(chosen?.do())
    this.#underWay.add(done)
    void done.finally(() => this.#underWay.delete(done))
  }

  #acts(): Act[] {
    const awake = this.#awake()
    const onOne = (act: (name: string) => Promise<void>) => () => {
      const name = this.#one(awake)
      return name === undefined ? undefined : act(name)
    }
    const { brokers } = this.#rig.options.cluster
    return [
      { weight: 4, possible: awake.length > 0, do: onOne(name => this.#kill(name)) },
      { weight: 3, possible: awake.length > 1, do: onOne(name => this.#freeze(name)) },
      { weight: 3, possible: awake.length > PODS.min, do: onOne(name => this.#stop(name)) },
      { weight: 3, possible: this.#rig.living.length < PODS.max, do: () => this.#start(this.#newName()) },
      { weight: 2, possible: awake.length > 1, do: onOne(name => this.#restart(name)) },
      {
        weight: 2,
        possible: !this.#brokerIsAway,
        do: () => this.#loseBroker(1 + Math.floor(this.#random() * brokers)),
      },
      { weight: 3, possible: !this.#messagesGetLost, do: () => this.#loseMessages() },
    ]
  }

  async #kill(name: string): Promise<void> {
    this.#say(`kill ${name}`)
    await this.#rig.killPod(name)
    await pause(this.#between(0, 3_000))
    this.#start(name)
  }

  async #freeze(name: string): Promise<void> {
    const durationMs = this.#between(1_000, 2.5 * SESSION_MS)
    this.#say(`freeze ${name} for ${durationMs} ms`)
    this.#frozen.add(name)
    this.#rig.freezePod(name)
    await pause(durationMs)
    this.#rig.thawPod(name)
    this.#frozen.delete(name)
  }

  async #stop(name: string): Promise<void> {
    this.#say(`stop ${name}`)
    this.#frozen.add(name)
    await this.#rig.pod(name).stop()
    this.#frozen.delete(name)
  }

  async #restart(name: string): Promise<void> {
    await this.#stop(name)
    this.#start(name)
  }

  #start(name: string): void {
    this.#say(`start ${name}`)
    this.#rig.startPod(name)
  }

  async #loseBroker(node: number): Promise<void> {
    const { cluster } = this.#rig.options
    const awayMs = this.#between(500, 6_000)
    this.#say(`kill broker ${node} for ${awayMs} ms`)
    this.#brokerIsAway = true
    cluster.killBroker(node)
    await pause(awayMs)
    await cluster.startBroker(node)
    this.#say(`broker ${node} answers again`)
    // The others must have caught up with it before the next one dies.
    await pause(SESSION_MS)
    this.#brokerIsAway = false
  }

  async #loseMessages(): Promise<void> {
    const durationMs = this.#between(1_000, 10_000)
    this.#say(`messages get lost for ${durationMs} ms`)
    this.#messagesGetLost = true
    await pause(durationMs)
    this.#messagesGetLost = false
  }

  /** Those that can be done something to: alive, not standing still, not on their way out. */
  #awake(): string[] {
    return this.#rig.living.map(({ name }) => name).filter(name => !this.#frozen.has(name))
  }

  #newName(): string {
    return `p${++this.#pods}`
  }

  #one<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)]
  }

  #between(min: number, max: number): number {
    return Math.round(min + this.#random() * (max - min))
  }
}
