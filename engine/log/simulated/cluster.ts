/** The shared parts of a simulated cluster, put together; clients reach them by their connections. */

import type { System } from '#core/system.ts'
import { RECORD_BYTES_MAX } from '../log.ts'
import { Defects } from './defects.ts'
import { Groups } from './groups.ts'
import { Intake } from './intake.ts'
import { Markers } from './markers.ts'
import { type FaultPlan, type Latency, Network } from './network.ts'
import { Topics } from './topics.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'

export interface BrokerOptions {
  /** The cluster's own time and randomness; it never pauses. */
  readonly system: System
  /** Random faults from the beginning; see `Faults.setPlan`. */
  readonly faults?: FaultPlan
  readonly latency?: Latency
  /** After so long an unanswered request fails. */
  readonly requestTimeoutMs?: number
  /** After so long the cluster aborts an open transaction and fences its producer. */
  readonly transactionTimeoutMs?: number
  /** A join waits at most so long for members that are alive but do not join again. */
  readonly rebalanceTimeoutMs?: number
  readonly recordBytesMax?: number
  /** Compaction drops tombstones that are older. */
  readonly tombstoneRetentionMs?: number
}

const DAY_MS = 86_400_000

export class Cluster {
  readonly system: System
  readonly requestTimeoutMs: number
  readonly recordBytesMax: number
  readonly network: Network
  readonly topics: Topics
  readonly intake: Intake
  readonly markers: Markers
  readonly defects = new Defects()
  readonly transactions: TransactionCoordinator
  readonly groups: Groups

  constructor(options: BrokerOptions) {
    this.system = options.system
    this.requestTimeoutMs = options.requestTimeoutMs ?? 2_000
    this.recordBytesMax = options.recordBytesMax ?? RECORD_BYTES_MAX
    this.topics = new Topics(options.system, options.tombstoneRetentionMs ?? DAY_MS)
    this.intake = new Intake(this.recordBytesMax)
    this.network = new Network(options.system, options.latency, options.faults)
    this.markers = new Markers(this.network)
    const transactionTimeoutMs = options.transactionTimeoutMs ?? 60_000
    this.transactions = new TransactionCoordinator(
      options.system,
      this.topics,
      transactionTimeoutMs,
      this.markers,
    )
    this.groups = new Groups(options.system, options.rebalanceTimeoutMs ?? 60_000)
  }
}
