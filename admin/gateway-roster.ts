/** The gateways of an application, as each reports that it lives: how many share a limit. */
import { asShown } from '#core/codec.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'

/** The application of the gateways, and the name of this one. */
export interface GatewayRosterOptions {
  readonly log: Log
  readonly application: string
  /** Unique among the gateways that run at the same time. */
  readonly name: string
  readonly system: System
  readonly logger: Logger
}

const EVERY_MS = 2_000
/** A gateway that has not reported for so long is gone, or cut off. */
const GONE_AFTER_MS = 10_000

/** The topic in which gateways report that they live. */
export const gatewaysTopic = (application: string): string => `${application}.gateways`

/** A gateway that starts counts by itself until it hears of others, which takes as long as one report. */
export class GatewayRoster implements AsyncDisposable {
  readonly #options: GatewayRosterOptions
  /** By name, the monotonic time of the last report. */
  readonly #heard = new Map<string, number>()
  #following: Following | undefined
  #cancel: () => void = () => {}
  #isUnderWay = false

  constructor(options: GatewayRosterOptions) {
    this.#options = options
  }

  /** Resolves when this gateway has reported itself. */
  async start(): Promise<void> {
    const { log, application, system } = this.#options
    const topic = gatewaysTopic(application)
    await log.createTopics([{ name: topic, partitions: 1, compacted: true, retentionMs: undefined }])
    this.#following = await follow(log, {
      ...{ topic, from: 'end', system },
      onRecord: ({ key, value }) => {
        if (key && value) this.#heard.set(asShown(key), system.monotonic())
        else if (key) this.#heard.delete(asShown(key))
      },
    })
    await this.#append(Buffer.from('{}'))
    this.#tick()
  }

  /** This one among them. */
  get size(): number {
    const { system, name } = this.#options
    const now = system.monotonic()
    for (const [other, at] of this.#heard) if (now - at > GONE_AFTER_MS) this.#heard.delete(other)
    return this.#heard.size + (this.#heard.has(name) ? 0 : 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel()
    this.#following?.close()
    await this.#append(null).catch(() => undefined) // The others notice its silence.
  }

  #tick(): void {
    const { system, logger } = this.#options
    this.#cancel = system.after(EVERY_MS, () => {
      this.#tick()
      if (this.#isUnderWay) return
      this.#isUnderWay = true
      this.#append(Buffer.from('{}'))
        .catch(error => logger.warn('the gateway cannot report itself', { error: reasonOf(error) }))
        .finally(() => {
          this.#isUnderWay = false
        })
    })
  }

  #append(value: Uint8Array | null): Promise<void> {
    const { log, application, name, system } = this.#options
    const record = { key: Buffer.from(name), value, headers: NO_HEADERS, timestamp: system.now() }
    return log.append([{ topic: gatewaysTopic(application), partition: 0, records: [record] }])
  }
}
