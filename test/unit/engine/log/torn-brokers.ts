/** A coordinator and leaders that tear transactions: a model of Kafka's, small enough to be read. */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Described, Epoch, OpenTransaction, Purpose, TransactionPort } from '#engine/log/repair.ts'

type Outcome = 'commit' | 'abort'

interface Written {
  readonly value: string
  outcome: Outcome | 'open'
}

interface Partition extends TopicPartition {
  epoch: number
  readonly written: Written[]
}

type Trouble = 'request lost' | 'answer lost' | undefined

export class TornBrokers {
  readonly endsRaiseEpochs: boolean
  readonly partitions = new Map<string, Partition>()
  /** Where the next end leaves no marker. */
  readonly torn = new Set<string>()
  /** Decided transactions stay without their markers until these are let go. */
  holdsMarkers = false
  /** What becomes of a call, by its name and its number since the start. */
  trouble: (call: string, number: number) => Trouble = () => undefined
  /** Happens between the arrival of a call and its answer. */
  meanwhile: (call: string) => void = () => {}
  isAllowed = true
  /** What the clock of every client shows, in milliseconds. Its pauses take no time of it. */
  clock = 0
  readonly calls: string[] = []
  readonly told: string[] = []
  #described: Described | undefined
  #held: (() => void) | undefined
  #transactions = 0

  constructor(endsRaiseEpochs: boolean) {
    this.endsRaiseEpochs = endsRaiseEpochs
  }

  get described(): Described | undefined {
    return this.#described
  }

  /** What read-committed readers see. */
  committed(place: TopicPartition): string[] {
    const written = this.#partition(place).written
    const open = written.findIndex(each => each.outcome === 'open')
    const stable = open < 0 ? written : written.slice(0, open)
    return stable.filter(each => each.outcome === 'commit').map(each => each.value)
  }

  /** Writes into a transaction of the epoch, as a producer does that names its partitions. */
  write(epoch: Epoch, places: readonly TopicPartition[], value: string): void {
    this.add(epoch, places)
    for (const place of places) {
      const partition = this.#partition(place)
      partition.epoch = epoch.epoch
      partition.written.push({ value, outcome: 'open' })
    }
  }

  add({ epoch }: Epoch, places: readonly TopicPartition[]): void {
    const described = this.#current(epoch)
    if (described.state === 'ending') throw new CaudalError('LOG_UNAVAILABLE', { reason: 'busy' })
    const isNew = described.state !== 'ongoing'
    const before = isNew ? [] : described.partitions
    const partitions = [...new Map([...before, ...places].map(each => [partitionKey(each), each])).values()]
    const startedAt = isNew ? ++this.#transactions : described.startedAt
    this.#described = { ...described, state: 'ongoing', startedAt, partitions }
  }

  /** Returns the epoch of the next transaction. */
  end({ epoch }: Epoch, outcome: Outcome): Epoch {
    const described = this.#current(epoch)
    if (described.state === 'ongoing') this.#decide(outcome, this.endsRaiseEpochs ? 1 : 0)
    return this.#described ?? described
  }

  start(purpose: Purpose): Epoch {
    const described = this.#described
    if (described?.state === 'ongoing') this.#decide('abort', 1)
    if (described?.state === 'ongoing' || described?.state === 'ending')
      throw new CaudalError('LOG_UNAVAILABLE', { reason: 'busy' })
    const epoch = (described?.epoch ?? -1) + 1
    this.#described = { producerId: '7', epoch, state: 'empty', purpose, startedAt: -1, partitions: [] }
    return this.#described
  }

  /** The coordinator gives an ongoing transaction up. */
  timeOut(): void {
    this.#decide('abort', 1)
  }

  letMarkersGo(): void {
    this.holdsMarkers = false
    this.#held?.()
  }

  port(): TransactionPort {
    return {
      transactionalId: 'pod',
      endsRaiseEpochs: this.endsRaiseEpochs,
      describe: () => this.#call('describe', () => this.#described),
      open: (producerId, places) => this.#call('open', () => this.#open(producerId, places)),
      start: purpose => this.#call('start', () => this.start(purpose)),
      add: (epoch, places) => this.#call('add', () => this.add(epoch, places)),
      end: (epoch, outcome) => this.#call('end', () => void this.end(epoch, outcome)),
      warn: message => this.told.push(message),
      pause: async ms => {
        for (let turns = ms / 10; turns > 0; turns--) await undefined
      },
      monotonic: () => this.clock,
    }
  }

  async #call<Answer>(name: string, act: () => Answer): Promise<Answer> {
    this.calls.push(name)
    const trouble = this.trouble(name, this.calls.length)
    if (trouble === 'request lost') throw new CaudalError('LOG_UNAVAILABLE', { reason: trouble })
    const answer = act()
    this.meanwhile(name)
    if (trouble === 'answer lost') throw new CaudalError('LOG_UNAVAILABLE', { reason: trouble })
    return answer
  }

  #open(producerId: string, places: readonly TopicPartition[]): OpenTransaction[] {
    if (!this.isAllowed)
      throw new CaudalError('TRANSACTION_UNCHECKED', { producer: 'pod', reason: 'code 29' })
    return places.flatMap(place => {
      const { topic, partition, epoch, written } = this.#partition(place)
      const firstOffset = written.findIndex(each => each.outcome === 'open')
      return firstOffset < 0 ? [] : [{ topic, partition, producerId, epoch, firstOffset }]
    })
  }

  #current(epoch: number): Described {
    if (this.#described?.epoch !== epoch) throw new CaudalError('FENCED', { producer: 'pod' })
    return this.#described
  }

  #decide(outcome: Outcome, raises: number): void {
    const described = this.#described
    if (described === undefined) return
    const epoch = described.epoch + raises
    this.#described = { ...described, epoch, state: 'ending' }
    const complete = () => {
      for (const place of described.partitions) this.#mark(place, epoch, outcome)
      const state = outcome === 'commit' ? 'committed' : 'aborted'
      this.#described = { ...described, epoch, state, partitions: [] }
    }
    if (this.holdsMarkers) this.#held = complete
    else complete()
  }

  #mark(place: TopicPartition, epoch: number, outcome: Outcome): void {
    if (this.torn.delete(partitionKey(place))) return
    const partition = this.#partition(place)
    partition.epoch = epoch
    for (const each of partition.written) if (each.outcome === 'open') each.outcome = outcome
  }

  #partition({ topic, partition }: TopicPartition): Partition {
    const key = partitionKey({ topic, partition })
    const found = this.partitions.get(key) ?? { topic, partition, epoch: -1, written: [] }
    this.partitions.set(key, found)
    return found
  }
}
