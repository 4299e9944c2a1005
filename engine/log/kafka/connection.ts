/** A connection to one broker, as the driver uses it: the real one has sockets, and a script stands in for it under test. */
import type { Broker } from './library.ts'

export interface Connection {
  /** The broker, connected and logged in; after a failure it fails the same way again. */
  open(): Promise<Broker>
  /** Ends it at once, opened or not. */
  destroy(reason: Error): void
}

/** Connects to the broker at an address, under the client id. `onLost` is called when an open connection has ended. */
export type Connect = (address: string, clientId: string, onLost: () => void) => Connection
