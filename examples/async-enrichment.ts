/**
 * Async enrichment: a slow call for every record, 1,000 of them in flight in one process. Run it: node examples/async-enrichment.ts
 *
 * How to read it:
 * 1. `lookUp` stands for any slow service: it answers after 0.2 seconds. One after another, 5,000 calls would take 1,000.
 * 2. `ctx.step` makes a call durable: its result is journaled as soon as it arrives, so that a crash buys nothing twice.
 *    `signal` ends the call when its record is out of time; `id` stays the same when it has to be made again.
 * 3. `inFlightMax` is the only thing to tune. Records of one customer still run in their order, one at a time.
 * 4. Commits go on while calls are under way: results come out from the first moment, not at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { codec, operator, run, topology } from 'caudal'
import { openEmbeddedLog } from 'caudal/embedded'

const ORDERS = 5_000
const IN_FLIGHT_MAX = 1_000
const CALL_MS = 200

const Order = codec.json<{ customer: string; amount: number }>('Order')
const Rated = codec.json<{ customer: string; amount: number; rating: number }>('Rated')
const Rating = codec.json<number>('rating')

let calls = 0
let inFlight = 0
let peak = 0
async function lookUp(
  customer: string,
  call: { readonly signal: AbortSignal; readonly id: string },
): Promise<number> {
  calls++
  peak = Math.max(peak, ++inFlight)
  await pause(CALL_MS, undefined, { signal: call.signal }).finally(() => inFlight--)
  return customer.length
}

const enrich = operator({
  name: 'enrich',
  input: Order,
  outputs: { rated: Rated },
  steps: { rating: Rating },
  limits: { inFlightMax: IN_FLIGHT_MAX, timeout: 10_000 },
  async process(record, ctx) {
    const rating = await ctx.step('rating', call => lookUp(record.value.customer, call))
    ctx.emit('rated', { ...record.value, rating })
  },
})

const graph = topology('enrichment')
const orders = graph.source('orders', { value: Order })
const rated = graph.topic('rated', { value: Rated })
orders.process('enrich', enrich).to(rated)

const path = mkdtempSync(join(tmpdir(), 'caudal-'))
const log = await openEmbeddedLog({ path })
const app = await run(graph.build(), { log })
const start = performance.now()
const made = Array.from({ length: ORDERS }, (_, nth) => ({ customer: `customer-${nth}`, amount: nth }))
await app.send(orders, ...made.map(value => ({ key: value.customer, value })))

let seen = 0
for await (const _ of app.follow(rated)) {
  if (++seen === 1) console.log('the first result is out')
  if (seen === ORDERS) break
}
const seconds = (performance.now() - start) / 1_000
await app.stop()
await log.close()
rmSync(path, { recursive: true })

console.log(`${seen} orders rated by ${calls} calls, at most ${peak} in flight`)
console.log(`${seconds.toFixed(1)} s; one after another it would be ${(ORDERS * CALL_MS) / 1_000} s`)
