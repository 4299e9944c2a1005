/**
 * One run of the Kafka driver against a scripted cluster under one seed. Two writers, a fencing client, readers and members of a
 * group work while requests and brokers fail. Then comes a calm, in which all must end, and then the checks.
 */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { type System, sleep } from '#core/system.ts'
import type { Connect } from '#engine/log/kafka/connection.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { Log } from '#engine/log/log.ts'
import { type Random, seededRandom, seedOf } from '../../seeded-random.ts'
import { VirtualTime } from '../../virtual-time.ts'
import type { Verdict } from '../run-seed.ts'
import { Claimant } from './claimant.ts'
import { CommittedReader } from './committed-reader.ts'
import { complaintsAbout } from './driver-checks.ts'
import { RequestFaults } from './request-faults.ts'
import { NODES, ScriptedCluster } from './scripted-cluster.ts'
import { scriptedConnections } from './scripted-connection.ts'
import { type Fence, isExcused, Writer } from './writer.ts'

export const DRIVER = 'driver'
const TOPICS = { orders: 3, answers: 2, state: 3 }
const IDS = ['app-1', 'app-2']
const MEMBERS = ['pod-1', 'pod-2', 'pod-3']
const FAULTS_MS = 12_000
const CALM_MS_MAX = 60_000
const EVENTS = 14
const SEARCH_MS = 1_000
/** By then every broker is up and what moved has arrived. */
const SETTLE_MS = 5_000
/** Of all requests, some runs more than others. */
const RATES = [0, 0.01, 0.03, 0.08]
const COMPLAINTS_MAX = 10

export interface DriverSeedOptions {
  readonly seed: number
  /** The trace has what the processes logged. */
  readonly verbose?: boolean
  /** A planted bug stands between the driver and its connections, or between the driver and its callers. */
  readonly plant?: { readonly connect?: (connect: Connect) => Connect; readonly log?: (log: Log) => Log }
}

export async function runDriverSeed({
  seed,
  verbose = false,
  plant = {},
}: DriverSeedOptions): Promise<Verdict> {
  const run = new DriverRun(seed, verbose, plant)
  const complaints: string[] = []
  try {
    complaints.push(...(await run.complaints()))
  } catch (error) {
    complaints.push(error instanceof CaudalError ? `${error.message} ${error.stack}` : String(error))
  }
  const { trace, events } = run
  const kept = complaints.slice(0, COMPLAINTS_MAX)
  return { scenario: DRIVER, seed, complaints: kept, trace, events, course: seedOf(0, trace.join('\n')) }
}

class DriverRun {
  readonly #time: VirtualTime
  readonly #verbose: boolean
  readonly #random: Random
  readonly #cluster: ScriptedCluster
  readonly #faults: RequestFaults
  readonly #connect: Connect
  readonly #plant: NonNullable<DriverSeedOptions['plant']>
  readonly #fences: Fence[] = []
  readonly #writers: Writer[] = []
  readonly #readers: CommittedReader[] = []
  readonly #claimants: Claimant[] = []
  #moment = 0
  #writing = IDS.length
  #isFencing = true
  #isSearching = true
  readonly #failures: string[] = []

  constructor(seed: number, verbose: boolean, plant: NonNullable<DriverSeedOptions['plant']>) {
    this.#plant = plant
    this.#verbose = verbose
    this.#time = new VirtualTime(seed)
    this.#random = seededRandom(seedOf(seed, 'faults'))
    const { system } = this.#time
    const random = seededRandom(seedOf(seed, 'cluster'))
    const transactionVersion = this.#random() < 0.3 ? 1 : 2
    this.#cluster = new ScriptedCluster({ system, random, topics: TOPICS, transactionVersion })
    this.#faults = new RequestFaults(seededRandom(seedOf(seed, 'requests')), this.#among(RATES) ?? 0)
    const connect = scriptedConnections(this.#cluster, this.#faults)
    this.#connect = plant.connect?.(connect) ?? connect
  }

  get trace(): readonly string[] {
    return this.#cluster.trace
  }

  get events(): number {
    return this.#time.eventCount
  }

  async complaints(): Promise<readonly string[]> {
    this.#startAll()
    this.#scheduleTrouble()
    await this.#time.runFor(FAULTS_MS)
    this.#cluster.note('calm')
    this.#faults.calm()
    this.#cluster.calm()
    await this.#time.runFor(SETTLE_MS)
    await this.#time.runUntil(() => !this.#isFencing, CALM_MS_MAX)
    for (const each of this.#writers) each.end()
    const isDone = await this.#time.runUntil(() => this.#isOver(), CALM_MS_MAX)
    const late = isDone
      ? []
      : [`not everything was done ${CALM_MS_MAX} ms after the calm: ${this.#whatIsLeft()}`]
    const attempts = this.#writers.flatMap(each => each.attempts)
    const last = this.#writers.map(each => each.attempts.at(-1))
    const blocked = last
      .filter(each => each?.outcome !== 'committed')
      .map(each => `after the calm ${each?.id} still fails: ${each?.reason}`)
    return [
      ...this.#failures,
      ...this.#writers.flatMap(each => each.complaints),
      ...late,
      ...(isDone ? blocked : []),
      ...(isDone
        ? complaintsAbout({
            attempts,
            fences: [...this.#fences, ...this.#writers.flatMap(each => each.fences)],
            readers: this.#readers,
            claimants: this.#claimants,
            stored: this.#cluster.group.stored,
            partitions: this.#cluster.partitions,
          })
        : []),
    ]
  }

  #startAll(): void {
    for (const id of IDS) this.#process(id, (log, system) => this.#write(id, log, system))
    this.#process('reader', async log => {
      for (const { place } of this.#cluster.partitions) {
        const reader = new CommittedReader(log, place)
        this.#readers.push(reader)
        void reader.run()
      }
    })
    for (const member of MEMBERS)
      this.#process(member, async (log, system) => {
        const claimant = new Claimant(member, log, system)
        this.#claimants.push(claimant)
        while (!this.#isCalm) {
          await sleep(system, system.random() * 6_000)
          claimant.rejoin()
        }
      })
    this.#process('fencer', (log, system) => this.#fence(log, system))
    this.#process('searcher', (log, system) => this.#search(log, system))
  }

  /** A process with a log of its own. */
  #process(name: string, act: (log: Log, system: System) => Promise<void>): void {
    const system = this.#time.systemFor(name)
    const options = {
      brokers: NODES.map(node => `broker-${node}:9092`),
      clientId: name,
      system,
      requestTimeoutMs: 1_000,
      unavailableAfterMs: 6_000,
      transactionTimeoutMs: 5_000,
      undecidedMaxMs: 10 * CALM_MS_MAX,
      warn: (message: string) => this.#verbose && this.#cluster.note(`${name}: ${message}`),
    }
    openKafkaLog(options, this.#connect)
      .then(log => act(this.#plant.log?.(log) ?? log, system))
      .catch(error => void this.#failures.push(`${name} ended: ${reasonOf(error)}`))
  }

  async #write(id: string, log: Log, system: System): Promise<void> {
    const writer = new Writer({
      id,
      log,
      system,
      places: this.#written,
      moment: () => ++this.#moment,
      committed: () => this.#committed(),
    })
    this.#writers.push(writer)
    await writer.run()
    this.#writing--
  }

  async #fence(log: Log, system: System): Promise<void> {
    while (!this.#isCalm) {
      await sleep(system, system.random() * 5_000)
      await this.#fenceOnce(log, this.#among(IDS) ?? '')
    }
    this.#isFencing = false
  }

  async #fenceOnce(log: Log, id: string): Promise<void> {
    const begunAt = ++this.#moment
    await log.fence(id, this.#written).then(
      () => this.#fences.push({ id, begunAt, committed: this.#committed() }),
      error => this.#failed(`the fence of ${id}`, error),
    )
  }

  get #written(): readonly TopicPartition[] {
    return this.#cluster.partitions.map(({ place }) => place).filter(({ topic }) => topic !== 'state')
  }

  /** Looks for what torn transactions have left, and ends it, until nothing is left of any. */
  async #search(log: Log, system: System): Promise<void> {
    const places = this.#cluster.partitions.map(({ place }) => place)
    for (;;) {
      const isLast = this.#writing === 0
      const ids = await log.leftovers?.(places).catch(error => this.#failed('looking for leftovers', error))
      if (ids?.length === 0 && isLast) break
      for (const id of ids ?? []) {
        this.#cluster.note(`${id} has left something open`)
        await this.#fenceOnce(log, id)
      }
      await sleep(system, SEARCH_MS)
    }
    this.#isSearching = false
  }

  #failed(what: string, error: unknown): void {
    if (!isExcused(error)) this.#failures.push(`${what} failed: ${reasonOf(error)}`)
  }

  #committed(): ReadonlySet<string> {
    return new Set(this.#cluster.partitions.flatMap(({ committed }) => committed))
  }

  get #isCalm(): boolean {
    return this.#time.system.monotonic() >= FAULTS_MS
  }

  #scheduleTrouble(): void {
    const cluster = this.#cluster
    const draw = (max: number) => this.#random() * max
    const kinds = [
      () => cluster.move(cluster.anyName() ?? `producer ${IDS[0]}`, draw(300)),
      () => cluster.stop(this.#among(NODES) ?? 1, 'down', 200 + draw(3_000), draw(600)),
      () => cluster.stop(this.#among(NODES) ?? 1, 'frozen', 200 + draw(3_000), draw(1_500)),
      () => cluster.tearNext(),
    ]
    for (let left = EVENTS; left > 0; left--)
      this.#time.system.after(draw(FAULTS_MS), this.#among(kinds) ?? (() => undefined))
  }

  #isOver(): boolean {
    return (
      this.#writing === 0 &&
      !this.#isSearching &&
      this.#waiting().length === 0 &&
      this.#outside().length === 0
    )
  }

  #waiting(): readonly CommittedReader[] {
    return this.#readers.filter(each => each.nextOffset < (this.#cluster.find(each.place)?.end ?? 0))
  }

  /** Members that are not in the generation of the group. */
  #outside(): readonly string[] {
    const { generation } = this.#cluster.group
    const late = this.#claimants.filter(({ generations }) => generations.at(-1) !== generation)
    return late.map(
      ({ member, generations }) => `${member} in generation ${generations.at(-1)} of ${generation}`,
    )
  }

  #whatIsLeft(): string {
    const readers = this.#waiting().map(
      ({ place, nextOffset }) => `${place.topic}/${place.partition} at ${nextOffset}`,
    )
    const search = this.#isSearching ? ['the search'] : []
    return [`${this.#writing} writers`, ...search, ...readers, ...this.#outside()].join(', ')
  }

  #among<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }
}
