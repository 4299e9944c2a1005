/** The pipeline's values as Avro: what goes out comes back, and what does not fit is named. */
import { expect, test } from 'vitest'
import {
  DeliveredAvro,
  GeneratedAvro,
  LlmRequestAvro,
  TaskConfigCodec,
  ValidatedAvro,
} from '#answers/codecs.ts'
import { fieldFaults } from '#answers/fields.ts'
import { RawEventCodec } from '#answers/raw-event.ts'
import { ATTEMPT, judged, REQUEST } from '../operators/values.ts'

test('a request comes back as it was, its absent fields undefined', () => {
  const read = LlmRequestAvro.decode(LlmRequestAvro.encode(REQUEST))
  expect(read).toEqual(REQUEST)
  expect(read).toMatchObject({ content: undefined, best: undefined })
})

test('so does one with all that later steps add', () => {
  const entry = {
    kind: 'error',
    step: 'judge',
    at: 5,
    request_id: 'r',
    error_type: 'timeout',
    reason: 'late',
  } as const
  const generated = { ...REQUEST, history: [entry], best: judged(4.25), attempt: ATTEMPT }
  expect(GeneratedAvro.decode(GeneratedAvro.encode(generated))).toEqual(generated)
  const validated = { ...generated, attempt: judged(7.5), below_threshold: false }
  expect(ValidatedAvro.decode(ValidatedAvro.encode(validated))).toEqual(validated)
})

test('every field that does not fit is named', () => {
  const wrong = {
    ...REQUEST,
    id: 7,
    spent: { ...REQUEST.spent, calls: 1.5 },
    history: ['x'],
  } as unknown as typeof REQUEST
  expect(() => LlmRequestAvro.encode(wrong)).toThrow(
    'id must be string, not number; spent.calls must be long, not number; history.0 must be caudal.answers.HistoryEntry, not string',
  )
})

test('the error for bytes that are no Avro names what they begin with', () => {
  expect(() => DeliveredAvro.decode(Buffer.from('{"id":"x"}'))).toThrow('begins with byte 123')
})

test('a change of configuration may be typed as JSON; unknown fields are dropped', () => {
  const typed = Buffer.from(
    '{ "task_type": "qa", "version": 2, "weights": { "clarity": 1 }, "mood": "good" }',
  )
  const change = { task_type: 'qa', version: 2, weights: { clarity: 1 } }
  expect(TaskConfigCodec.decode(typed)).toEqual(change)
  expect(TaskConfigCodec.decode(TaskConfigCodec.encode(change))).toEqual(change)
  expect(() => TaskConfigCodec.decode(Buffer.from('{"task_type":"qa"}'))).toThrow(
    'version must be long, not undefined',
  )
})

test('a raw event that a program wrote wrongly is refused, and one that a person typed wrongly gets an explanation', () => {
  expect(() => RawEventCodec.decode(Buffer.from([0, 0, 0, 0, 9, 1]))).toThrow('has no schema 9')
  expect(RawEventCodec.decode(Buffer.from('hello'))).toEqual({
    fault: expect.stringContaining('not JSON'),
    input: 'hello',
  })
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
