/** What follows from an answer of a broker, by its number, however kafkajs has wrapped it. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import {
  CODE,
  codeOf,
  isCoordinatorLost,
  isFencing,
  isLoginRefused,
  isPassing,
  isUnanswered,
  told,
} from '#engine/log/kafka/codes.ts'

const answer = (code: number) => Object.assign(new TypeError('answered'), { code })
const wrapped = (code: number) =>
  new TypeError('wrapped', { cause: new TypeError('again', { cause: answer(code) }) })
const QUESTION = { request: 'Fetch', resource: 'topic orders' } as const
const refused = Object.assign(new TypeError('connect'), { code: 'ECONNREFUSED' })

describe('an answer', () => {
  it('an answer is known by its number, wrapped or not', () => {
    expect(codeOf(answer(47))).toBe(47)
    expect(codeOf(wrapped(47))).toBe(47)
    expect(codeOf(refused)).toBeUndefined()
    expect(codeOf('text')).toBeUndefined()
  })

  it.each([CODE.INVALID_PRODUCER_EPOCH, CODE.PRODUCER_FENCED, CODE.INVALID_PRODUCER_ID_MAPPING])(
    '%d fences',
    code => {
      expect(isFencing(wrapped(code))).toBe(true)
      expect(isPassing(wrapped(code))).toBe(false)
    },
  )

  it('that may be taken back passes; one that will not, does not', () => {
    expect(isPassing(answer(6))).toBe(true)
    expect(isPassing(answer(CODE.CONCURRENT_TRANSACTIONS))).toBe(true)
    expect(isPassing(answer(29))).toBe(false)
  })
})

describe('no answer', () => {
  it('passes, and makes the coordinator doubtful', () => {
    for (const error of [refused, new CaudalError('LOG_UNAVAILABLE')]) {
      expect([isUnanswered(error), isPassing(error), isCoordinatorLost(error)]).toEqual([true, true, true])
    }
  })

  it('is not what a mistake in code is: that is INTERNAL, and no outage', () => {
    const mistakes = [
      new RangeError('of our encoder'),
      Object.assign(new RangeError('out of range'), { code: 'ERR_OUT_OF_RANGE' }),
      new TypeError('wrapped', { cause: new RangeError('of our encoder') }),
      'text',
    ]
    for (const mistake of mistakes) {
      expect([isUnanswered(mistake), isPassing(mistake)]).toEqual([false, false])
      expect(told(mistake, QUESTION).code).toBe('INTERNAL')
    }
  })

  it('is not what several answers in one mean, nor a number that kafkajs does not know', () => {
    const several = Object.assign(new AggregateError([], 'Topic creation errors'), { errors: [answer(41)] })
    expect([codeOf(several), isUnanswered(several), isPassing(several)]).toEqual([41, false, true])
    const unknown = Object.assign(new TypeError('Unknown error code 132'), { code: -99 })
    expect(codeOf(unknown)).toBe(132)
  })

  it('is not what our own errors mean', () => {
    expect(isUnanswered(new CaudalError('TOPIC_MISSING'))).toBe(false)
    expect(isPassing(new CaudalError('LOG_CLOSED'))).toBe(false)
  })
})

describe('errors that leave the driver', () => {
  it('errors that leave the driver are ours: those that are stay as they are, no answer is LOG_UNAVAILABLE', () => {
    const own = new CaudalError('TOPIC_MISSING', { topic: 't' })
    expect(told(own, QUESTION)).toBe(own)
    expect(told(refused, QUESTION)).toMatchObject({ code: 'LOG_UNAVAILABLE', cause: refused })
  })

  it('errors that leave the driver tell refused credentials from trouble that passes', () => {
    const login = Object.assign(new TypeError('no'), { name: 'KafkaJSSASLAuthenticationError' })
    expect(isLoginRefused(new TypeError('wrapped', { cause: login }))).toBe(true)
    expect(isLoginRefused(refused)).toBe(false)
  })
})
