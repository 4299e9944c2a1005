/** What `up`, `down`, `reset` and `status` need to know of a local service. */
import type { BackgroundProcess } from './process.ts'

export interface Service {
  readonly name: string
  /** Left out unless it is named: nothing that runs needs it. */
  readonly isOptional?: boolean
  readonly address: string
  /** What is missing on this machine, each with what to install; empty when all is there. */
  missing(): readonly string[]
  /** Downloads and lays out what the processes need; does nothing where that is done. */
  prepare(): Promise<void>
  readonly processes: readonly BackgroundProcess[]
  /** Runs once the processes answer. */
  afterStart?(): Promise<void>
  /** Deleted by `reset`; downloads are kept. */
  readonly dataFolder: string
}
