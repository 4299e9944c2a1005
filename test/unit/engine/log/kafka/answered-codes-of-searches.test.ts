/** Every code that a broker can answer with to those who look for transactions that are left open: the search says what it misses. */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { nameOf, type RequestName } from '#engine/log/kafka/broker-codes.ts'
import { isPassingCode } from '#engine/log/kafka/codes.ts'
import { CODES, openScriptedLog, PLACE, PLACES } from './scripted-codes.ts'

const SEARCHING: readonly RequestName[] = ['DescribeProducers', 'ListTransactions']

it.each(SEARCHING.flatMap(request => CODES.map(code => ({ request, code }))))(
  'a search whose $request is refused with code $code says once what it cannot find',
  async ({ request, code }) => {
    const script = await openScriptedLog({ request, code })
    const { log, cluster, time, refusal, warnings } = script
    const producer = await time.settle(log.startProducer('app', PLACES))
    cluster.tearNext()
    const record = { key: null, value: Buffer.from('torn'), headers: NO_HEADERS, timestamp: 0 }
    await script.outcomeOf(() => producer.transact(PLACES.map(place => ({ ...place, records: [record] }))))
    await time.runFor(3_000)
    refusal.arm(Number.POSITIVE_INFINITY)
    expect(await time.settle(log.leftovers?.(PLACES) ?? Promise.resolve([]))).toEqual([])
    await time.settle(log.leftovers?.(PLACES) ?? Promise.resolve([]))
    expect(refusal.answered).toBeGreaterThan(1)
    const isTold = !isPassingCode(code, request)
    expect(warnings.join('\n')).toContain(isTold ? nameOf(code) : '')
    expect(new Set(warnings).size).toBe(warnings.length)
    const explained = await script.outcomeOf(() => log.explainHalt?.(PLACE) ?? Promise.resolve())
    if (explained.code !== 'done') expect(explained.message).toContain(nameOf(code))
    await script.close()
  },
)
