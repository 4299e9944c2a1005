/**
 * Ownership of one pod by hand: the real rules and the real committer. The test plays the group, the log and the tasks. Every
 * question of the pod is answered at once, unless the test holds the answer back.
 */
import { subscribe } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import { LIMITS } from '#core/limits.ts'
import type { TopicPartition } from '#core/record.ts'
import { AnswerPace } from '#engine/commit/answer-pace.ts'
import { type Claim, decodeClaim, decodeRelease, encodeClaim } from '#engine/commit/claims.ts'
import { Committer } from '#engine/commit/committer.ts'
import { Meter } from '#engine/commit/meter.ts'
import type { Membership, PartitionBatch, Producer } from '#engine/log/log.ts'
import { Confirmation } from '#engine/ownership/confirmation.ts'
import { Ownership } from '#engine/ownership/ownership.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { MARKER_PREFIX, markerEntry, RELEASE } from '#engine/state/layout.ts'
import type { Task } from '#engine/task/task.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

export const US = 'b:1750000000000:x'
const PRODUCER = 'app-b'
export const TIMEOUT_MS = 2_000
const SESSION_MS = 3_000

type Asked = 'startProducer' | 'fence' | 'readClaims' | 'claim' | 'transact'

/** A task that restores on request, and records its calls. */
export class PlayedTask {
  readonly program = { timeoutMs: TIMEOUT_MS }
  readonly statePlace: TopicPartition
  readonly tail = {
    foreignMarkers: new Map<string, Claim>(),
    released: new Set<string>(),
    numbers: new Set<number>(),
    foreign: false,
    position: 0,
    reached: false,
    start: () => undefined,
    resume: () => undefined,
    readTo: (nonce: string) => {
      this.target = nonce
      this.tail.reached = false
    },
    readOn: () => {
      this.tail.reached = false
    },
    close: () => undefined,
  }
  phase = 'restoring'
  work: object | undefined
  isHeldUp = false
  /** The nonce that it reads up to. */
  target: string | undefined
  readonly name: string
  readonly #tell: (what: string) => void

  constructor(name: string, tell: (what: string) => void) {
    this.name = name
    this.statePlace = { topic: 'state', partition: Number(name.split('/')[1]) }
    this.#tell = tell
  }

  get isOpen(): boolean {
    return !this.phase.startsWith('closed')
  }
  get stored() {
    return { markers: [], release: undefined }
  }
  position = 0
  open(opened: () => void): void {
    opened()
  }
  noted(): void {}
  checked(): void {}
  run(): void {
    this.phase = 'running'
    this.work = {}
    this.#tell(`run ${this.name}`)
  }
  leave(): void {
    this.phase = 'leaving'
  }
  close(phase: string): void {
    this.phase = phase
    this.#tell(`drop ${this.name}`)
  }

  /** Everything up to the marker was read. */
  reads(): void {
    this.tail.reached = true
  }
  /** A marker of somebody else was read. */
  sees(marker: Claim): void {
    this.tail.foreignMarkers.set(markerEntry(marker.nonce), marker)
    this.tail.foreign = true
  }
}

export class OwnershipRig {
  readonly time = new VirtualTime(1)
  /** What the pod did, in order: `claim t/0`, `mark t/0`, `fence app-a`, `run t/0`, `drop t/0`, `release a#1`. */
  readonly told: string[] = []
  /** Every task that was made, also those that were dropped. */
  readonly tasks: PlayedTask[] = []
  /** The group's claims, by partition. */
  readonly stored = new Map<number, string>()
  readonly generations: number[] = []
  live = new Set<string>([US])
  /** When the group has heard of this pod. */
  confirmedAt = Number.POSITIVE_INFINITY
  readonly failures: unknown[] = []
  readonly ownership: Ownership
  readonly #held = new Map<Asked, PromiseWithResolvers<void>>()
  readonly #failing = new Map<Asked, { readonly error: CaudalError; readonly takesPlace: boolean }>()
  readonly #committer: Committer

  constructor() {
    const { system } = this.time
    const enqueue = (callback: () => void) =>
      system.defer(() => {
        callback()
        this.ownership.advance()
      })
    const meter = new Meter(US, US)
    this.#committer = new Committer({
      pace: new AnswerPace(system),
      system,
      incarnation: US,
      enqueue,
      claimsOf: task => this.ownership.claimsOf(task),
      meter,
      onProducerLost: error => this.ownership.producerLost(error),
    })
    const membership = this.#membership()
    const log: Pick<PodContext['log'], 'startProducer' | 'fence' | 'bounds'> = {
      startProducer: () => this.#ask('startProducer', () => this.#producer()),
      fence: producer => this.#ask('fence', () => void this.told.push(`fence ${producer}`)),
      bounds: async places => places.map(() => ({ start: 0, end: 0 })),
    }
    const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default]))
    const silent = () => undefined
    const pod = {
      incarnation: US,
      system,
      log,
      limits: { ...limits, handOverMaxMs: TIMEOUT_MS, sessionTimeoutMs: SESSION_MS },
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      meter,
      enqueue,
      fail: (error: unknown) => void this.failures.push(error),
      block: () => undefined,
    }
    this.ownership = new Ownership({
      // Ownership asks a pod for no more than this.
      pod: pod as unknown as PodContext,
      producer: PRODUCER,
      writePlaces: [],
      statePlaces: [0, 1].map(partition => ({ topic: 'state', partition })),
      membership: () => membership,
      committer: this.#committer,
      openTail: ({ place }) => this.task(`t/${place.partition}`).tail,
      confirmation: new Confirmation({
        system,
        sessionTimeoutMs: SESSION_MS,
        membership: () => membership,
        committer: this.#committer,
      }),
      makeTask: name => {
        const task = new PlayedTask(name, what => void this.told.push(what))
        this.tasks.push(task)
        // A played task has all that ownership looks at.
        return task as unknown as Task
      },
    })
  }

  /** The newest task of this name. */
  task(name: string): PlayedTask {
    const task = this.tasks.findLast(each => each.name === name)
    if (!task) throw new TypeError(`no task ${name} was made`)
    return task
  }

  /** The phases that the holdings of tasks go through from now on, in one list. */
  phases(): Disposable & { readonly seen: readonly string[] } {
    const seen: string[] = []
    const unsubscribe = subscribe('caudal:task:ownership', ({ pod, from, to }) => {
      if (pod === US) seen.push(`${from} ${to}`)
    })
    return { seen, [Symbol.dispose]: unsubscribe }
  }

  /** The group begins a generation with these tasks for this pod. */
  async joined(generation: number, ...tasks: readonly string[]): Promise<void> {
    this.ownership.joined(generation, tasks)
    await this.settle()
  }

  /** Joins, and works for the task. */
  async running(name: string): Promise<PlayedTask> {
    await this.joined(1, name)
    const task = this.task(name)
    task.reads()
    await this.settle()
    return task
  }

  /** The producer has failed. */
  async producerLost(code: 'FENCED' | 'COMMIT_ABORTED' | 'OUTCOME_UNKNOWN'): Promise<void> {
    this.ownership.producerLost(new CaudalError(code, { producer: PRODUCER, reason: 'played' }))
    await this.settle()
  }

  /** Lets everything happen that is due by then. */
  async settle(durationMs = 500): Promise<void> {
    this.ownership.advance()
    await this.time.runFor(durationMs)
  }

  /** A claim of somebody else is stored. */
  store(partition: number, claim: Claim): void {
    this.stored.set(partition, encodeClaim(claim))
  }

  storedNonce(partition: number): string | undefined {
    return decodeClaim(this.stored.get(partition))?.nonce
  }

  /** The next request of this kind is not answered until the returned function is called, though it takes place at once. */
  hold(asked: Asked): () => Promise<void> {
    const held = Promise.withResolvers<void>()
    this.#held.set(asked, held)
    return () => {
      held.resolve()
      return this.settle()
    }
  }

  /** The next request of this kind fails, and takes place all the same or not. */
  fail(asked: Asked, code: 'LOG_UNAVAILABLE' | 'COMMIT_ABORTED' | 'CLAIM_REFUSED', takesPlace = false): void {
    this.#failing.set(asked, {
      error: new CaudalError(code, { reason: 'played', generation: 0 }),
      takesPlace,
    })
  }

  #membership(): Membership {
    const rig = this
    return {
      get confirmedAt() {
        return rig.confirmedAt
      },
      claim: (generation, claims) =>
        this.#ask('claim', () => {
          this.generations.push(generation)
          for (const { partition, metadata } of claims) {
            this.told.push(`claim t/${partition}`)
            this.stored.set(partition, metadata)
          }
        }),
      readClaims: places =>
        this.#ask('readClaims', () => places.map(({ partition }) => this.stored.get(partition))),
      liveMembers: async () => new Set(this.live),
      commitPositions: async () => undefined,
      rejoin: () => undefined,
      leave: async () => undefined,
    }
  }

  #producer(): Producer {
    return {
      transact: batches =>
        this.#ask('transact', () => {
          for (const batch of batches) this.#write(batch)
          return batches.map(() => 0)
        }),
      close: async () => undefined,
    }
  }

  #write({ partition, records }: PartitionBatch): void {
    for (const { key, value } of records) {
      const entry = String(key)
      if (value && entry.startsWith(MARKER_PREFIX)) this.told.push(`mark t/${partition}`)
      if (value && entry === RELEASE) {
        for (const nonce of decodeRelease(value).nonces) this.told.push(`release ${nonce}`)
      }
    }
  }

  async #ask<T>(asked: Asked, serve: () => T): Promise<T> {
    const failing = this.#failing.get(asked)
    this.#failing.delete(asked)
    if (failing && !failing.takesPlace) throw failing.error
    const answer = serve()
    const held = this.#held.get(asked)
    this.#held.delete(asked)
    await held?.promise
    if (failing) throw failing.error
    return answer
  }
}
