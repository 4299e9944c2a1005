/** Which values of the cache are answers. */
import { describe, expect, it } from 'vitest'
import type { StoredAnswer } from '#stores/answers.ts'
import { organizationOf } from '#stores/organization.ts'
import { cachedAnswer, cachedText } from '#stores/stored-answer.ts'

const ANSWER: StoredAnswer = {
  ...{
    id: 'a',
    organization: organizationOf(undefined),
    questionHash: 'h',
    taskType: 'qa',
    userId: undefined,
  },
  ...{ title: 'What?', content: undefined, answer: 'That.', structured: '{"a":1}', final: 7 },
  scores: { exactness: 7, completeness: 7, clarity: 7, concision: 7, usefulness: 7 },
  ...{ belowThreshold: false, errorAttempts: 0, qualityAttempts: 1, model: 'm', promptVersion: 'v1' },
  ...{ requestId: 'r', calls: 2, tokensPrompt: 1, tokensCompletion: 1, costUsd: undefined },
  ...{ askedAt: 1, deliveredAt: 2, traceId: undefined },
}

describe('a value of the cache', () => {
  it('is the answer that was put there', () => {
    expect(cachedAnswer(cachedText(ANSWER), 'h')).toMatchObject({ id: 'a', structured: '{"a":1}' })
  })

  it.each([
    { structured: '{' },
    { structured: 7 },
    { deliveredAt: 9e99 },
    { askedAt: '1' },
    { scores: null },
    { scores: { exactness: 'x' } },
    { final: undefined },
    { id: undefined },
    { model: 7 },
    { costUsd: 'x' },
    { belowThreshold: 1 },
    { questionHash: 'other' },
  ])('is no answer with %j', wrong => {
    expect(cachedAnswer(JSON.stringify({ ...ANSWER, ...wrong }), 'h')).toBeUndefined()
  })

  it.each(['', 'null', '7', '[]'])('is no answer as %j', text => {
    expect(cachedAnswer(text, 'h')).toBeUndefined()
  })
})
