/** Values read outside a pod, where nothing else can be done while a codec fetches what it lacks. */
import type { Codec } from './codec.ts'
import { NotYetReadable } from './errors.ts'

/** Waits for the schema that the value was written with. */
export async function decoded<T>(codec: Codec<T>, bytes: Uint8Array): Promise<T> {
  for (;;) {
    try {
      return codec.decode(bytes)
    } catch (error) {
      if (!(error instanceof NotYetReadable)) throw error
      await error.ready
    }
  }
}
