/** Every shape that questions arrive in, and every fault that is named. */
import { expect, test } from 'vitest'
import { RawEventCodec } from '#answers/raw-event.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { ingest } from '#operators/ingest.ts'
import { emitted } from './effects.ts'

const operator = ingest({ taskTypes: TASK_TYPES })
const raw = (event: unknown) =>
  RawEventCodec.decode(Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)))
const read = (event: unknown) => emitted(operator, raw(event), { id: 'topic/0/7', timestamp: 900, now: 950 })

async function faultsOf(event: unknown): Promise<readonly string[]> {
  const { output, value } = await read(event)
  expect(output).toBe('failed')
  return (value as { faults: string[] }).faults
}

const ENVELOPE = {
  event_id: 'evt-1',
  event_type: 'forum.question.created',
  event_version: 'v1',
  timestamp: '2026-02-10T09:15:00Z',
  organization_id: 'org',
  actor: { user_id: 'ana' },
  payload: { title: 'Why?', best_answer: 'Because.' },
}

test('ingest reads a flat event with only its title', async () => {
  const { output, value } = await read({ title: ' Why is the sky blue? ' })
  expect(output).toBe('intake')
  expect(value).toEqual({
    id: 'topic/0/7',
    task_type: 'qa',
    title: 'Why is the sky blue?',
    asked_at: 900,
  })
})

test('ingest reads a flat event with all of its fields', async () => {
  const event = {
    id: 'q1',
    task_type: 'summarization',
    title: 'T',
    content: 'C',
    best_answer: 'B',
    user_id: 'u',
    organization_id: 'o',
  }
  expect((await read(event)).value).toEqual({ ...event, asked_at: 900 })
})

test.each([
  ['text alone is the title', { text: 'X' }, { title: 'X' }],
  ['text beside a title is the content', { title: 'T', text: 'X' }, { title: 'T', content: 'X' }],
  ['a content keeps its place', { title: 'T', text: 'X', content: 'C' }, { title: 'T', content: 'C' }],
  ['null is absence', { title: 'T', content: null, user_id: null, task_type: null }, { task_type: 'qa' }],
  ['a number is an id', { id: 17, title: 'T' }, { id: '17' }],
  ['an empty id is none', { id: '', title: 'T' }, { id: 'topic/0/7' }],
  ['10,000 characters are taken', { text: '\u{1f980}'.repeat(10_000) }, { id: 'topic/0/7' }],
])('ingest reads a flat event: %s', async (_, event, expected) => {
  const { output, value } = await read(event)
  expect(output).toBe('intake')
  expect(value).toMatchObject(expected)
})

test('ingest reads an enveloped event of version 1', async () => {
  expect((await read(ENVELOPE)).value).toEqual({
    id: 'evt-1',
    task_type: 'qa',
    title: 'Why?',
    best_answer: 'Because.',
    user_id: 'ana',
    organization_id: 'org',
    asked_at: Date.UTC(2026, 1, 10, 9, 15),
  })
})

test.each([
  ['nested', { question: { title: 'Why?', task_type: 'qa' } }],
  ['flat', { title: 'Why?', task_type: 'qa' }],
])('ingest reads an enveloped event of version 2, its question %s', async (_, payload) => {
  const { value } = await read({ ...ENVELOPE, event_version: 'v2', payload })
  expect(value).toMatchObject({ id: 'evt-1', title: 'Why?', user_id: 'ana' })
})

test.each([
  ['no JSON', 'not json', [expect.stringContaining('not JSON')]],
  ['an empty value', '', [expect.stringContaining('not JSON')]],
  ['a list', [1], ['the event must be a JSON object']],
  ['null', 'null', ['the event must be a JSON object']],
  ['nothing to ask', { id: 'x' }, ['title or text is missing']],
  ['an empty title', { title: '  ' }, ['title is empty']],
  ['a title of another type', { title: 42 }, ['title must be text, not number']],
  [
    'a text that is too long',
    { text: 'x'.repeat(10_001) },
    ['text has 10001 characters, at most 10000 are taken'],
  ],
  ['a task type in capitals', { title: 'T', task_type: 'QA' }, ['task_type must match ^[a-z_]+$, not "QA"']],
  [
    'an unknown task type',
    { title: 'T', task_type: 'translation' },
    [expect.stringContaining('"translation" is not known; known are qa,')],
  ],
  [
    'a task type from the prototype',
    { title: 'T', task_type: 'constructor' },
    [expect.stringContaining('not known')],
  ],
  ['an id that is an object', { title: 'T', id: {} }, [expect.stringContaining('id must be text')]],
  ['a date that is none', { title: 'T', timestamp: 'soon' }, [expect.stringContaining('timestamp must be')]],
])('ingest sets %s aside with its fault', async (_, event, faults) => {
  expect(await faultsOf(event)).toEqual(faults)
})

test('ingest names all faults of an event at once', async () => {
  const faults = await faultsOf({
    event_type: 'created',
    event_version: 'v9',
    payload: { title: '', task_type: 'no-such', best_answer: ['x'] },
  })
  expect(faults).toEqual([
    'event_id is missing',
    'event_type must be {service}.{entity}.{action}, not "created"',
    'event_version must be v1 or v2, not "v9"',
    'title is empty',
    'task_type must match ^[a-z_]+$, not "no-such"',
    'best_answer must be text, not a list',
  ])
})

test('ingest reports an envelope without a payload as that one fault', async () => {
  expect(await faultsOf({ ...ENVELOPE, payload: 'text' })).toEqual([
    'payload must be of type object, not string',
  ])
})

test('ingest keeps the record id, the time and the beginning of an input that it cannot read', async () => {
  const { value } = await read(`{"title": ${'x'.repeat(5_000)}`)
  expect(value).toMatchObject({ id: 'topic/0/7', reason: 'invalid_input', failed_at: 950 })
  expect((value as { input: string }).input).toHaveLength(1_000)
})

test('ingest keeps the beginning of an event with faults', async () => {
  const { value } = await read({ id: 'x', content: 'c' })
  expect(value).toMatchObject({ reason: 'invalid_input', input: '{"id":"x","content":"c"}' })
})
