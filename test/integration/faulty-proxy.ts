/** The proxy of the fault tests, before one broker and on command: the next request of a kind meets its trouble. */
import { KafkaProxy, type Trouble } from './faults/proxy.ts'

export interface FaultyProxy {
  readonly address: string
  /** The next request of the API meets the trouble; the promise resolves when it has come. */
  next(api: number, trouble: Trouble): Promise<void>
  /** How many requests of the API went by. */
  count(api: number): number
  close(): Promise<void>
}

interface Plan {
  readonly api: number
  readonly trouble: Trouble
  met(): void
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const plans: Plan[] = []
  const counts = new Map<number, number>()
  const troubleFor = (api: number) => {
    counts.set(api, (counts.get(api) ?? 0) + 1)
    const index = plans.findIndex(each => each.api === api)
    const [plan] = index < 0 ? [] : plans.splice(index, 1)
    plan?.met()
    return plan?.trouble
  }
  const proxy = new KafkaProxy({ listens: 0, broker: Number(target.split(':')[1]), troubleFor, delayMs: 0 })
  await proxy.start()
  return {
    address: proxy.address,
    next: (api, trouble) => new Promise(resolve => plans.push({ api, trouble, met: resolve })),
    count: api => counts.get(api) ?? 0,
    close: () => proxy.stop(),
  }
}
