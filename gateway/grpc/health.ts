/** The standard health service: whether questions are taken, as a whole and by the name of the service. */
import { type handleServerStreamingCall, type handleUnaryCall, status } from '@grpc/grpc-js'
import type { System } from '#core/system.ts'
import { Problem } from '../problem.ts'
import { Reply, streamWire } from './reply.ts'

interface HealthRequest {
  readonly service: string
}

type Serving = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'

/** A client that watches learns of a change so long after. */
const WATCH_MS = 2_000

export interface HealthServiceOptions {
  readonly services: readonly string[]
  isReady(): Promise<boolean>
  readonly system: System
}

export class HealthService {
  readonly #options: HealthServiceOptions
  readonly #watching = new Set<Reply>()
  #isStopping = false

  constructor(options: HealthServiceOptions) {
    this.#options = options
  }

  /** For the server of the library. */
  get handlers(): {
    readonly Check: handleUnaryCall<HealthRequest, object>
    readonly List: handleUnaryCall<object, object>
    readonly Watch: handleServerStreamingCall<HealthRequest, object>
  } {
    return {
      Check: async ({ request }, callback) => {
        const serving = await this.#of(request.service)
        if (serving === 'SERVICE_UNKNOWN')
          return callback({ code: status.NOT_FOUND, details: 'There is no such service.' })
        callback(null, { status: serving })
      },
      List: async (_, callback) => {
        const serving = await this.#of('')
        const statuses = Object.fromEntries(
          ['', ...this.#options.services].map(name => [name, { status: serving }]),
        )
        callback(null, { statuses })
      },
      Watch: call => {
        const reply = new Reply(streamWire(call), { system: this.#options.system, told: {} })
        this.#watching.add(reply)
        reply.onEnd(() => this.#watching.delete(reply))
        call.on('cancelled', () => reply.leave(status.CANCELLED))
        this.#watch(call.request.service, reply)
      },
    }
  }

  /** From now on nothing is served; those that watch hear of it, and their calls end. */
  stop(): void {
    this.#isStopping = true
    for (const reply of this.#watching) {
      reply.send({ kind: 'status', data: { status: 'NOT_SERVING' } })
      reply.fail(new Problem('stopping'))
    }
  }

  /** The status now, then each change. */
  #watch(service: string, reply: Reply): void {
    const { system } = this.#options
    let told: Serving | undefined
    let cancel = () => {}
    reply.onEnd(() => cancel())
    const look = async () => {
      const serving = await this.#of(service)
      if (serving !== told) reply.send({ kind: 'status', data: { status: serving } })
      told = serving
      await reply.ready()
      if (!reply.isOver) cancel = system.after(WATCH_MS, look)
    }
    look()
  }

  async #of(service: string): Promise<Serving> {
    const { services, isReady } = this.#options
    if (service !== '' && !services.includes(service)) return 'SERVICE_UNKNOWN'
    if (this.#isStopping) return 'NOT_SERVING'
    const ready = await isReady().catch(() => false)
    return ready ? 'SERVING' : 'NOT_SERVING'
  }
}
