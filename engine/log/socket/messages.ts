/** Messages over a stream of bytes: four bytes that give the length, then a value as V8 writes structured values. */
import { deserialize, serialize } from 'node:v8'
import { CaudalError } from '#core/errors.ts'

/** Both sides refuse a larger message: neither reads without a limit into its memory. */
export const MESSAGE_BYTES_MAX = 512 * 1024 * 1024
const LENGTH_BYTES = 4

/** Throws REJECTED for a message that is too large to be sent. */
export function encodeMessage(message: unknown): Buffer {
  const body = serialize(message)
  if (body.length > MESSAGE_BYTES_MAX) throw tooLarge(body.length)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/**
 * The messages with the type that their reader knows: both sides are of one version. Throws REJECTED at a length above the
 * limit: the writer does not speak this protocol.
 */
export async function* messagesOf<T>(stream: AsyncIterable<Buffer>): AsyncGenerator<T, void> {
  let chunks: Buffer[] = []
  let gathered = 0
  let wanted = LENGTH_BYTES
  let isBody = false
  for await (const chunk of stream) {
    chunks.push(chunk)
    gathered += chunk.length
    while (gathered >= wanted) {
      const bytes = joined(chunks)
      const part = bytes.subarray(0, wanted)
      chunks = [bytes.subarray(wanted)]
      gathered -= wanted
      if (isBody) yield deserialize(part)
      wanted = isBody ? LENGTH_BYTES : part.readUInt32BE()
      isBody = !isBody
      if (wanted > MESSAGE_BYTES_MAX) throw tooLarge(wanted)
    }
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return only && chunks.length === 1 ? only : Buffer.concat(chunks)
}

function tooLarge(bytes: number): CaudalError {
  const reason = `a message of ${bytes} bytes is too large for the process that holds the log: at most ${MESSAGE_BYTES_MAX}`
  return new CaudalError('REJECTED', { reason })
}
