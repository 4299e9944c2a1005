/** Where a load goes: the port, of which the log is one adapter. */
import type { LoadEvent } from './questions.ts'

export interface Target {
  /** For people and for the report. */
  readonly description: string
  /** Resolves when the event is durable; rejects with the reason why it may not be: `Refused` and `WritesRefused` say that it is not. Never waits for earlier ones to be answered. */
  send(event: LoadEvent): Promise<void>
  /** Reports the outcome of each event that is sent from now on, others' too. */
  follow(listener: OutcomeListener): Promise<Followed>
}

export interface OutcomeListener {
  delivered(id: string): void
  /** With a reason of a few words, the same for all failures of a kind. */
  failed(id: string, reason: string): void
}

export interface Followed {
  close(): void
  /** Resolves after `close`; rejects when outcomes cannot be followed any more. */
  readonly ended: Promise<void>
}
