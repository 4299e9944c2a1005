/** Values as JSON: what goes out comes back, and what does not fit is named. */
import { expect, test } from 'vitest'
import { IntakeJson, LlmErrorJson, LlmRequestJson } from '#pipelines/answers/codecs.ts'
import { fieldFaults } from '#pipelines/answers/fields.ts'
import { REQUEST } from '../operators/values.ts'

test('a request comes back as it was', () => {
  expect(LlmRequestJson.decode(LlmRequestJson.encode(REQUEST))).toEqual(REQUEST)
})

test('fields that a newer writer added do no harm', () => {
  const newer = Buffer.from(JSON.stringify({ ...REQUEST, mood: 'good' }))
  expect(LlmRequestJson.decode(newer)).toMatchObject(REQUEST)
})

test('every field that does not fit is named', () => {
  const wrong = Buffer.from(JSON.stringify({ id: 7, task_type: 'qa', content: {}, asked_at: null }))
  expect(() => IntakeJson.decode(wrong)).toThrow(
    'llm.intake: id must be of type string, not number; title is missing; content must be of type string, not object; asked_at is missing',
  )
  expect(() => LlmErrorJson.decode(Buffer.from('[]'))).toThrow('it must be an object, not array')
  expect(() => LlmErrorJson.decode(Buffer.from('{'))).toThrow(SyntaxError)
})

test('optional fields may be absent or null', () => {
  const fields = { a: 'string?', b: 'array' } as const
  expect(fieldFaults({ b: [] }, fields)).toEqual([])
  expect(fieldFaults({ a: null, b: [] }, fields)).toEqual([])
  expect(fieldFaults({ a: 1, b: {} }, fields)).toEqual([
    'a must be of type string, not number',
    'b must be of type array, not object',
  ])
})
