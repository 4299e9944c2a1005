/**
 * The registry where none is configured. It is kept in a topic of the log and uses the same wire format. So a later move
 * to a real registry changes nothing but the address.
 *
 * The id of a schema is its fingerprint. So pods that start at the same time agree without a lock, and may register the
 * same schema twice. The topic `<application>.schemas` is compacted and keyed by subject and id. A reader that
 * meets an unknown id reads on to the end of the topic: a writer registers its schema before it writes.
 *
 * Trade-off: two pods that register incompatible schemas at the same moment are both let in; a deploy does not do that.
 */
import { asText } from '#core/codec.ts'
import { CaudalError, hasCode } from '#core/errors.ts'
import { type LogRecord, NO_HEADERS } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { AvroType } from './avro-type.ts'
import type { SchemaRegistry } from './registry.ts'

/** Where an embedded registry keeps its schemas. */
export interface EmbeddedRegistryOptions {
  readonly application: string
  readonly log: Log
  /** Left out: the machine's own time. */
  readonly system?: System
}

interface Entry {
  readonly subject: string
  readonly id: number
  readonly schema: string
}

/** Schemas in a compacted topic of the log. Nothing is read or created before the first call. */
export class EmbeddedRegistry implements SchemaRegistry {
  readonly address: string
  readonly #topic: string
  readonly #log: Log
  readonly #system: System
  readonly #schemas = new Map<number, string>()
  readonly #latest = new Map<string, Entry>()
  readonly #known = new Set<string>()
  #position = 0
  #reading: Promise<void> | undefined
  #isThere = false

  constructor({ application, log, system = realSystem }: EmbeddedRegistryOptions) {
    this.#topic = `${application}.schemas`
    this.address = `topic ${this.#topic}`
    this.#log = log
    this.#system = system
  }

  async register(subject: string, schema: string): Promise<number> {
    const id = new AvroType(schema).fingerprint
    await this.#available(this.#create())
    await this.#read()
    if (this.#known.has(keyOf(subject, id))) return id
    this.#refuseCollision(id, schema)
    const entry: Entry = { subject, id, schema }
    const value = Buffer.from(JSON.stringify(entry))
    const record = {
      key: Buffer.from(keyOf(subject, id)),
      value,
      headers: NO_HEADERS,
      timestamp: this.#system.now(),
    }
    await this.#available(this.#log.append([{ topic: this.#topic, partition: 0, records: [record] }]))
    this.#add(entry)
    return id
  }

  async idOf(subject: string, schema: string): Promise<number | undefined> {
    const id = new AvroType(schema).fingerprint
    await this.#read()
    return this.#known.has(keyOf(subject, id)) ? id : undefined
  }

  async latest(subject: string): Promise<string | undefined> {
    await this.#read()
    return this.#latest.get(subject)?.schema
  }

  async schemaOf(id: number): Promise<string | undefined> {
    if (!this.#schemas.has(id)) await this.#read()
    return this.#schemas.get(id)
  }

  /** Reads to the end that the topic has now. A call while another one reads must read again: the end may have moved. */
  async #read(): Promise<void> {
    const before = this.#reading
    const reading = (before ?? Promise.resolve()).catch(() => undefined).then(() => this.#readOn())
    this.#reading = reading
    await this.#available(reading)
  }

  async #create(): Promise<void> {
    if (this.#isThere) return
    const spec = { name: this.#topic, partitions: 1, compacted: true, retentionMs: undefined }
    await this.#log.createTopics([spec])
    this.#isThere = true
  }

  async #readOn(): Promise<void> {
    const place = { topic: this.#topic, partition: 0 }
    if (!this.#isThere) this.#isThere = (await this.#log.describeTopics([this.#topic])).length > 0
    // A reader does not create the topic: without it, no schema was ever registered.
    if (!this.#isThere) return
    const take = ({ value }: LogRecord) => {
      if (value) this.#add(JSON.parse(asText(value)))
    }
    const [end] = await readAll(this.#log, [place], take, { from: [this.#position] })
    this.#position = end ?? this.#position
  }

  #add(entry: Entry): void {
    this.#schemas.set(entry.id, entry.schema)
    this.#latest.set(entry.subject, entry)
    this.#known.add(keyOf(entry.subject, entry.id))
  }

  #refuseCollision(id: number, schema: string): void {
    const other = this.#schemas.get(id)
    if (other === undefined || new AvroType(other, 'loose').writesAs(new AvroType(schema))) return
    const faults = `schema ${id} is another one already: change a field's order or name, so that it gets another id`
    throw new CaudalError('SCHEMAS_REFUSED', { faults })
  }

  async #available<V>(pending: Promise<V>): Promise<V> {
    try {
      return await pending
    } catch (error) {
      if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
      const reason = error instanceof CaudalError ? error.message : ''
      throw new CaudalError('REGISTRY_UNAVAILABLE', { registry: this.address, reason }, error)
    }
  }
}

const keyOf = (subject: string, id: number) => `${subject}#${id}`
