/** Does to a running application what a schedule says, and notes when each fault began and ended. */
import { reasonOf } from '#core/errors.ts'
import { moveLeaders, transactionCoordinator } from '../faults/leaders.ts'
import type { Impairment, Network } from '../faults/network.ts'
import { TROUBLES, type Trouble } from '../faults/proxy.ts'
import type { Rig } from '../faults/rig.ts'
import { pause } from '../faults/until.ts'
import { type Act, type BrokerChoice, type Round, SLOTS } from './schedule.ts'
import type { Done } from './stuck.ts'

/** Of all requests, while messages get lost. */
const TROUBLE_SHARE = 0.01
/** Brokers that are new and three processes, on a machine that may have other work. */
const START_WITHIN_MS = 60_000
/** Between two restarts of a roll, so that the group has settled. */
const ROLL_PAUSE_MS = 1_000

/** Which of the requests meets a trouble is not of the seed: they come as they come. */
export class LostMessages {
  #areLost = false

  for(): Trouble | undefined {
    if (!this.#areLost || Math.random() >= TROUBLE_SHARE) return undefined
    return TROUBLES[Math.floor(Math.random() * TROUBLES.length)]
  }

  async loseFor(durationMs: number): Promise<void> {
    this.#areLost = true
    await pause(durationMs)
    this.#areLost = false
  }
}

export class RoundPlayer {
  /** Every fault so far, from its begin to when it was over. */
  readonly done: Done[] = []
  readonly #rig: Rig
  readonly #network: Network
  readonly #messages: LostMessages
  readonly #say: (text: string) => void
  /** The name of the pod in each slot; nobody's where it is empty. */
  readonly #names: (string | undefined)[] = []
  readonly #brokersAway = new Set<number>()
  #lives = 0

  constructor(rig: Rig, network: Network, messages: LostMessages, say: (text: string) => void) {
    this.#rig = rig
    this.#network = network
    this.#messages = messages
    this.#say = say
  }

  async begin(): Promise<void> {
    for (let slot = 0; slot < SLOTS.atStart; slot++) this.#names[slot] = this.#newName()
    await this.#rig.startPods(
      this.#names.flatMap(each => each ?? []),
      START_WITHIN_MS,
    )
    this.#rig.begin()
  }

  async play({ acts, calmMs }: Round): Promise<void> {
    const begun = Date.now()
    await Promise.all(
      acts.map(async act => {
        await pause(Math.max(0, begun + act.at - Date.now()))
        await this.#perform(act)
      }),
    )
    await pause(calmMs)
  }

  async #perform(act: Act): Promise<void> {
    const from = Date.now()
    const fault = { ...act, from, to: Number.POSITIVE_INFINITY }
    this.done.push(fault)
    this.#say(`begins: ${JSON.stringify(act)} ${this.#namesOf(act)}`)
    try {
      await this.#act(act)
    } catch (error) {
      this.#say(`${act.kind} failed: ${reasonOf(error)}`)
    }
    fault.to = Date.now()
    this.#say(`over: ${act.kind} after ${fault.to - from} ms`)
  }

  #act(act: Act): Promise<void> {
    switch (act.kind) {
      case 'brokerStops':
      case 'brokerDies':
        return this.#brokerAway(act.broker, act.kind === 'brokerDies', act.forMs)
      case 'brokerCutOff':
      case 'brokerSlow':
        return this.#impair(act, act.forMs)
      case 'podCutOff':
      case 'podSlow': {
        const { slot, ...impairment } = act
        return this.#impair({ ...impairment, pod: this.#name(slot) }, act.forMs)
      }
      case 'clockStepped':
        return this.#stepClock(act.slot, act.offSeconds, { cut: act.cut }, act.forMs)
      case 'podStops':
        return this.#stopPod(this.#name(act.slot), act.forMs)
      case 'podDies':
      case 'podRenamed':
        return this.#killPod(act.slot, act.kind === 'podRenamed', act.forMs)
      case 'podLeaves':
        return this.#leave(act.slot)
      case 'podJoins':
        return this.#join(act.slot)
      case 'podsRolled':
        return this.#roll()
      case 'leadersMoved':
        return this.#moveLeaders(act.shift)
      case 'messagesLost':
        return this.#messages.loseFor(act.forMs)
    }
  }

  async #brokerAway(choice: BrokerChoice, dies: boolean, forMs: number): Promise<void> {
    const { cluster } = this.#rig.options
    const broker = typeof choice === 'number' ? choice : await this.#coordinator(choice.coordinatorOf)
    if (this.#brokersAway.has(broker)) return this.#say(`broker ${broker} is away already`)
    this.#brokersAway.add(broker)
    this.#say(`broker ${broker} ${dies ? 'dies' : 'stops'}`)
    if (dies) cluster.killBroker(broker)
    else cluster.signalBroker(broker, 'SIGSTOP')
    await pause(forMs)
    if (dies) await cluster.startBroker(broker)
    else cluster.signalBroker(broker, 'SIGCONT')
    this.#brokersAway.delete(broker)
  }

  async #coordinator(slot: number): Promise<number> {
    const { cluster, name } = this.#rig.options
    const id = `${name}-${this.#names[slot] ?? this.#names.find(Boolean)}`
    return transactionCoordinator(this.#reachable(cluster.addresses), id)
  }

  #reachable(addresses: readonly string[]): string {
    return addresses.find((_, index) => !this.#brokersAway.has(index + 1)) ?? addresses[0] ?? ''
  }

  async #impair(impairment: Impairment, forMs: number): Promise<void> {
    const end = this.#network.impair(impairment)
    await pause(forMs)
    end()
  }

  async #stepClock(slot: number, offSeconds: number, { cut }: Impairment, forMs: number): Promise<void> {
    const pod = this.#name(slot)
    this.#rig.pod(pod).stepClock(offSeconds * 1_000)
    await this.#impair({ pod, ...(cut ? { cut } : {}) }, forMs)
  }

  async #stopPod(name: string, forMs: number): Promise<void> {
    this.#rig.freezePod(name)
    await pause(forMs)
    this.#rig.thawPod(name)
  }

  async #killPod(slot: number, isRenamed: boolean, forMs: number): Promise<void> {
    const name = this.#name(slot)
    await this.#rig.killPod(name)
    await pause(forMs)
    this.#start(slot, isRenamed ? this.#newName() : name)
  }

  /** What is in flight is finished first, and that is no fault. */
  async #leave(slot: number): Promise<void> {
    const name = this.#name(slot)
    this.#names[slot] = undefined
    await this.#rig.pod(name).stop()
  }

  async #join(slot: number): Promise<void> {
    this.#start(slot, this.#newName())
  }

  async #roll(): Promise<void> {
    for (const [slot, name] of this.#names.entries()) {
      if (name === undefined) continue
      await this.#rig.pod(name).stop()
      this.#start(slot, name)
      await pause(ROLL_PAUSE_MS)
    }
  }

  async #moveLeaders(shift: number): Promise<void> {
    const { cluster, name } = this.#rig.options
    await moveLeaders(this.#reachable(cluster.addresses), name, shift)
  }

  #start(slot: number, name: string): void {
    this.#names[slot] = name
    this.#rig.startPod(name)
  }

  #newName(): string {
    return `p${++this.#lives}`
  }

  #name(slot: number): string {
    const name = this.#names[slot]
    if (name === undefined) throw new RangeError(`no pod in slot ${slot}`)
    return name
  }

  #namesOf(act: Act): string {
    return 'slot' in act ? (this.#names[act.slot] ?? 'nobody') : ''
  }
}
