/** A request as a scripted broker reads it: its name, and what becomes of it. */
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { ByteReader } from '#engine/log/kafka/bytes.ts'
import type { DrawnRefusal } from './request-faults.ts'
import type { ScriptedCluster } from './scripted-cluster.ts'

export interface WireQuestion {
  readonly name: RequestName
  /** A fetch waits so long for records. */
  readonly waitMs?: number
  act(refusal: DrawnRefusal): Buffer
}

/** What a broker makes of a request by its number in the protocol. */
export type Reading = (
  cluster: ScriptedCluster,
  node: number,
  reader: ByteReader,
  version: number,
) => WireQuestion
