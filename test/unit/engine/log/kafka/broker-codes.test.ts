/** Every code of the protocol has a meaning for every request, and only an outage is reported as one. */
import { describe, expect, it } from 'vitest'
import { KNOWN_CODES, meaningOf, nameOf, REQUESTS } from '#engine/log/kafka/broker-codes.ts'
import { isPassing, refusedWith, told, toldAtLast } from '#engine/log/kafka/codes.ts'

/** The codes of Kafka 4.3, 0 left out. */
const CODES = [-1, ...Array.from({ length: 133 }, (_, index) => index + 1)]
const LATER = [134, 500, 32_767, -32_768]
const answer = (code: number) => Object.assign(new TypeError('answered'), { code })
const matrix = REQUESTS.flatMap(request => [...CODES, ...LATER].map(code => ({ request, code })))

/** The error of a request that was asked for long, by the meaning of the code. */
const AT_LAST = {
  passing: 'LOG_UNAVAILABLE',
  moved: 'LOG_UNAVAILABLE',
  rights: 'ACCESS_REFUSED',
  fencing: 'BROKER_REFUSED',
  transaction: 'BROKER_REFUSED',
  rejoin: 'BROKER_REFUSED',
  settled: 'BROKER_REFUSED',
  offset: 'BROKER_REFUSED',
  record: 'BROKER_REFUSED',
  configuration: 'BROKER_REFUSED',
  mistake: 'BROKER_REFUSED',
  unclear: 'BROKER_REFUSED',
} as const

describe('the table of codes', () => {
  it('the table of codes has each code of the protocol once, by its name', () => {
    expect([...KNOWN_CODES].sort((a, b) => a - b)).toEqual(CODES)
    expect(new Set(CODES.map(nameOf)).size).toBe(CODES.length)
    expect(nameOf(10)).toBe('MESSAGE_TOO_LARGE (code 10)')
  })

  it('the table of codes answers every code of every request, also one of a later version', () => {
    for (const { request, code } of matrix) {
      const meaning = meaningOf(code, request)
      const question = { request, resource: 'topic orders' }
      const error = told(answer(code), question)
      const atLast = toldAtLast(answer(code), question)
      // One answer that nobody understands may pass.
      const once = meaning === 'unclear' ? 'LOG_UNAVAILABLE' : AT_LAST[meaning]
      expect([request, code, error.code, atLast.code]).toEqual([request, code, once, AT_LAST[meaning]])
      for (const { message } of [error, atLast]) expect(message).toContain(nameOf(code))
      const isTriedAgain = ['passing', 'moved', 'unclear'].includes(meaning)
      expect([request, code, isPassing(answer(code), request)]).toEqual([request, code, isTriedAgain])
    }
  })

  it.each(LATER)('the driver does not know code %d: it tries again, and reports the number', code => {
    expect(meaningOf(code)).toBe('unclear')
    expect(nameOf(code)).toBe(`code ${code}`)
  })

  it.each([29, 30, 31, 53, 58])(
    'the table of codes takes %d for a matter of rights, whatever was asked',
    code => {
      for (const request of REQUESTS) expect(meaningOf(code, request)).toBe('rights')
    },
  )

  it.each([2, 10, 18, 32, 87])(
    'the table of codes takes %d for a matter of the record, where one is written',
    code => {
      expect(meaningOf(code, 'Produce')).toBe('record')
      for (const request of REQUESTS)
        if (request !== 'Produce') expect(meaningOf(code, request)).not.toBe('record')
    },
  )
})

describe('a missing right is reported with right and resource', () => {
  const group = 'group app'
  const topics = ['orders', 'orders', 'bills']
  it.each([
    [29, 'Fetch', 'topic orders', [], 'READ on topic orders'],
    [29, 'Produce', 'topic orders', [], 'WRITE on topic orders'],
    [29, 'DescribeConfigs', 'topic orders', [], 'DESCRIBE_CONFIGS on topic orders'],
    [29, 'OffsetCommit', group, topics, 'READ on topics orders, bills'],
    [30, 'OffsetCommit', group, topics, 'READ on group app'],
    [30, 'JoinGroup', group, [], 'READ on group app'],
    [53, 'InitProducerId', 'transactional id app-pod', [], 'WRITE on transactional id app-pod'],
    [31, 'CreateTopics', 'topic orders', [], 'CreateTopics on the cluster'],
  ] as const)('%d of %s', (code, request, resource, topics, lacking) => {
    const error = refusedWith(code, { request, resource, topics })
    expect(error.code).toBe('ACCESS_REFUSED')
    expect(error.message).toContain(`the brokers refuse ${lacking}: ${nameOf(code)}; grant it`)
  })
})
