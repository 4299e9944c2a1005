/**
 * A whole Kafka-like cluster in memory, shared by the clients that connect to it. Without faults and latency it is also
 * the in-memory log; with them, everything that a real cluster was seen to do to its clients.
 */
import type { System } from '#core/system.ts'
import type { Log } from '../log.ts'
import { SimulatedLog } from './client.ts'
import { type BrokerOptions, Cluster } from './cluster.ts'
import { Faults } from './faults.ts'
import { Inspection } from './inspection.ts'

export interface SimulatedBroker {
  readonly faults: Faults
  readonly inspect: Inspection
  /**
   * One client, named for the faults; a later one of the same name takes its place in them. Its answers and timers run
   * on its own system: paused, they wait, and killed, they never come.
   */
  connect(system: System, name: string): Log
  /** Runs the background cleaner once: compaction of compacted topics, retention of the others. */
  clean(): void
}

export function createSimulatedBroker(options: BrokerOptions): SimulatedBroker {
  const cluster = new Cluster(options)
  const clients = new Map<string, SimulatedLog>()
  return {
    faults: new Faults(cluster, client => clients.get(client)?.crashMemberships()),
    inspect: new Inspection(cluster),
    connect: (system, name) => {
      const client = new SimulatedLog(cluster, system, name)
      clients.set(name, client)
      return client
    },
    clean: () => cluster.topics.clean(),
  }
}

/** Latency drawn evenly between two limits, in milliseconds. */
export function evenLatency(system: System, minMs: number, maxMs: number): () => number {
  return () => minMs + system.random() * (maxMs - minMs)
}
