/**
 * Every fault of the simulated cluster, one call each, so that a scenario can name them in a table.
 *
 * Clients are named as they were connected. "The next" counts requests as they are sent, from now on.
 */
import { type Duration, msOf } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { TransactionPort } from '../repair.ts'
import type { Cluster } from './cluster.ts'
import type { TakesRecord } from './intake.ts'
import type { CutOff, FaultPlan, Request } from './network.ts'

export class Faults {
  readonly #cluster: Cluster
  readonly #crashGroupClient: (client: string) => void

  constructor(cluster: Cluster, crashGroupClient: (client: string) => void) {
    this.#cluster = cluster
    this.#crashGroupClient = crashGroupClient
  }

  // --- Between a client and the cluster

  /** The next requests of a kind never arrive; the client fails after the request time-out. */
  loseRequest(client: string, request: Request, times = 1): void {
    this.#cluster.network.arm(client, request, { requestLost: true }, times)
  }

  /** What the next requests of a kind ask for takes place, but their answers never arrive. */
  loseAnswer(client: string, request: Request, times = 1): void {
    this.#cluster.network.arm(client, request, { answerLost: true }, times)
  }

  /** The next requests of a kind arrive late, even if the client has given up or died meanwhile. */
  delayRequest(client: string, request: Request, delay: Duration, times = 1): void {
    this.#cluster.network.arm(client, request, { requestDelayMs: msOf('delay', delay) }, times)
  }

  /** What the next requests of a kind ask for takes place at once, but their answers arrive late. */
  delayAnswer(client: string, request: Request, delay: Duration, times = 1): void {
    this.#cluster.network.arm(client, request, { answerDelayMs: msOf('delay', delay) }, times)
  }

  /** The next requests of a kind are answered with an error, and nothing of them takes place. */
  refuse(client: string, request: Request, times = 1): void {
    this.#cluster.network.arm(client, request, { refused: true }, times)
  }

  /** The next request of a kind arrives a second time, so much later. */
  repeatRequest(client: string, request: Request, after: Duration): void {
    this.#cluster.network.arm(client, request, { repeatedAfterMs: msOf('after', after) }, 1)
  }

  /** Forgets all of the above that has not happened yet, for one client or for all. */
  clear(client?: string): void {
    this.#cluster.network.disarm(client)
  }

  /** Cuts a client off: nothing that it sends arrives, nor any answer to it. */
  partition(client: string, how: CutOff = 'hangs'): void {
    this.#cluster.network.cutOff(client, how)
  }

  heal(client: string): void {
    this.#cluster.network.cutOff(client, undefined)
  }

  /** Random faults from now on; `undefined` ends them. */
  setPlan(plan: FaultPlan | undefined): void {
    this.#cluster.network.setPlan(plan)
  }

  // --- Storage and transactions

  /** Somebody deletes a topic; made again, it is another one. */
  deleteTopic(name: string): void {
    this.#cluster.topics.delete(name)
  }

  fillDisk(): void {
    this.#cluster.intake.isDiskFull = true
  }

  freeDisk(): void {
    this.#cluster.intake.isDiskFull = false
  }

  /** A topic takes no larger record from now on, which a pod learns when it starts; `undefined` ends it. */
  limitRecords(topic: string, recordBytesMax: number | undefined): void {
    this.#cluster.intake.limit(topic, recordBytesMax)
  }

  /** A topic refuses some records for what they are: those of which `takes` says why. `undefined` ends it. */
  refuseRecords(topic: string, takes: TakesRecord | undefined): void {
    this.#cluster.intake.choose(topic, takes)
  }

  /** A topic refuses all writes from now on, as where a right is missing. */
  closeTopic(topic: string): void {
    const details = {
      right: 'WRITE',
      resource: `topic ${topic}`,
      reason: 'TOPIC_AUTHORIZATION_FAILED (code 29)',
    }
    this.#cluster.intake.close(topic, new CaudalError('ACCESS_REFUSED', details))
  }

  openTopic(topic: string): void {
    this.#cluster.intake.close(topic, undefined)
  }

  /** From now on an ended transaction becomes visible so much later, though its end is answered at once. */
  delayMarkers(delay: Duration): void {
    this.#cluster.markers.delay(msOf('delay', delay))
  }

  /**
   * The next transaction that ends on this place leaves no marker there, as its coordinator fails: it hangs, and holds the stable
   * end back.
   */
  loseMarker(place: TopicPartition): void {
    this.#cluster.markers.loseNext(this.#cluster.topics.partition(place))
  }

  /**
   * The coordinator of a transactional id fails at its next decision: its successor completes the transaction after so long,
   * though some partitions get no marker. What lies there is swept into the next transaction of the producer that touches them.
   */
  tearNext(transactionalId: string, losesMarker: (place: TopicPartition) => boolean, absent: Duration): void {
    const absentMs = msOf('absent', absent)
    this.#cluster.transactions.failAtDecision(transactionalId, { losesMarker, absentMs })
  }

  /** The coordinator does not fail after all. */
  tearNothing(transactionalId: string): void {
    this.#cluster.transactions.failAtDecision(transactionalId, undefined)
  }

  /** The next write of a client reaches the leaders of every other partition, and is not answered by the others. */
  splitWrite(client: string, on = true): void {
    this.#cluster.intake.splitNext(client, on)
  }

  /** Somebody else's transaction begins on this place and never ends: nothing after it is visible. */
  hangTransaction(place: TopicPartition): void {
    this.#cluster.markers.hang(this.#cluster.topics.partition(place))
  }

  /** Aborts the hanging transactions of this place, as an administrator's tool does: those of somebody else, or all. */
  abortHanging(place: TopicPartition, whose: 'foreign' | 'all' = 'all'): void {
    this.#cluster.markers.abortHanging(this.#cluster.topics.partition(place), whose)
  }

  /** No marker gets lost after all. */
  keepMarkers(): void {
    this.#cluster.markers.keepAll()
  }

  /** The cluster forgets a producer, as after a week of silence: what it sends is refused as fenced. */
  forgetProducer(transactionalId: string): void {
    this.#cluster.transactions.forget(transactionalId)
  }

  // --- Groups

  /** The group coordinator refuses everything for so long; then all members must join again. */
  moveCoordinator(duration: Duration): void {
    this.#cluster.groups.move(msOf('duration', duration))
  }

  /** Drops claims and positions of a topic from all groups. */
  wipeClaims(topic: string): void {
    for (const group of this.#cluster.groups.all()) group.wipe(topic)
  }

  /** From now on every read of claims returns them as they are now, as from a deposed coordinator. */
  freezeClaims(): void {
    for (const group of this.#cluster.groups.all()) group.freezeClaims()
  }

  thawClaims(): void {
    for (const group of this.#cluster.groups.all()) group.thawClaims()
  }

  /** A client's member starts over under a new id; the old one stays, silent, until its session is over. */
  crashGroupClient(client: string): void {
    this.#crashGroupClient(client)
  }

  /** A defect of real clients: claims are sent again, under whatever generation is current by then. */
  retryClaimsAcrossGenerations(client: string, on = true): void {
    this.#cluster.defects.retryClaims(client, on)
  }

  /** A mistake that clients make: a producer is used again after a transaction of unknown outcome. */
  reuseProducers(client: string, on = true): void {
    this.#cluster.defects.reuseProducers(client, on)
  }

  /** A mistake that clients make: an id is taken over without a question for what its last transaction has left open. */
  askNothing(client: string, on = true): void {
    this.#cluster.defects.askNothing(client, on)
  }

  /** Mistakes that clients make when they repair a torn transaction. */
  repairOtherwise(client: string, repair: (port: TransactionPort) => TransactionPort): void {
    this.#cluster.defects.repairOtherwise(client, repair)
  }

  /** A defect of real clients: claims resolve without having been sent. */
  lieAboutClaims(client: string, on = true): void {
    this.#cluster.defects.lieAboutClaims(client, on)
  }
}
