/** Requests that are encoded here: the hot ones, and those whose answers kafkajs reduces too far. */
import { nameOf, type RequestName } from './broker-codes.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { WireRequest } from './library.ts'

interface Definition<Answer> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  readonly sizeBytes: number
  write(writer: ByteWriter): void
  read(reader: ByteReader): Answer
}

export function wireRequest<Answer>(definition: Definition<Answer>): WireRequest<Answer> {
  const { apiKey, apiVersion, apiName } = definition
  return {
    request: {
      apiKey,
      apiVersion,
      apiName,
      async encode() {
        const writer = new ByteWriter(definition.sizeBytes)
        definition.write(writer)
        return { buf: writer.buffer, buffer: writer.written() }
      },
    },
    response: {
      decode: async bytes => definition.read(new ByteReader(bytes)),
      parse: async answer => answer,
    },
  }
}

/** What a broker answered instead of doing as asked; `codeOf` reads it. */
export class Refusal extends Error {
  readonly code: number
  readonly request: RequestName
  /** Where it is another one than the caller asks about. */
  readonly resource: string | undefined

  constructor(request: RequestName, code: number, resource?: string, cause?: unknown) {
    super(`${request}${resource === undefined ? '' : ` of ${resource}`} was refused: ${nameOf(code)}`, {
      cause,
    })
    this.name = 'Refusal'
    this.code = code
    this.request = request
    this.resource = resource
  }
}

/** Groups what belongs to partitions by topic, as requests want it. */
export function byTopic<Item, Entry>(
  items: readonly Item[],
  topicOf: (item: Item) => string,
  entryOf: (item: Item) => Entry,
): { readonly topic: string; readonly partitions: Entry[] }[] {
  const topics = new Map<string, Entry[]>()
  for (const item of items) {
    const entries = topics.get(topicOf(item))
    if (entries) entries.push(entryOf(item))
    else topics.set(topicOf(item), [entryOf(item)])
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
