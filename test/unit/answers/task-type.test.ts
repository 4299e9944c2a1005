/** The settings of a task type: declaration, defaults, and changes at run time with their faults. */
import { expect, test } from 'vitest'
import { places } from '#answers/prompts.ts'
import { weightFaults } from '#answers/rubric.ts'
import { configFaults, type Structured, settingsOf, type TaskType } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { instanceOf } from '#models/simulated/instance.ts'
import { validator } from '#models/structured.ts'

const defaults = { threshold: 6, attemptsMax: 3 }
const [qa, sentiment] = [TASK_TYPES.qa, TASK_TYPES.sentiment].map(type => {
  if (!type) throw new TypeError('qa and sentiment are declared')
  return type
}) as [TaskType, TaskType]

test('what a task type leaves out comes from the defaults', () => {
  expect(settingsOf(qa, defaults).settings).toMatchObject({
    threshold: 6,
    attemptsMax: 3,
    promptVersion: '1',
  })
  expect(settingsOf(sentiment, defaults).settings).toMatchObject({ threshold: 5, attemptsMax: 2 })
})

test('a change goes before the declaration, field by field, and names its version', () => {
  const change = {
    task_type: 'qa',
    version: 7,
    model: 'gpt-5',
    system: 'Be brief.',
    threshold: 8,
    attempts_max: 5,
    weights: { exactness: 1, completeness: 0, clarity: 0, concision: 0, usefulness: 0 },
  }
  const { settings, faults } = settingsOf(qa, defaults, change)
  expect(faults).toEqual([])
  expect(settings).toMatchObject({
    model: 'gpt-5',
    prompt: { system: 'Be brief.', user: qa.prompt.user },
    threshold: 8,
    attemptsMax: 5,
    weights: change.weights,
    temperature: qa.temperature,
    promptVersion: expect.stringMatching(/^1\+7\.[0-9a-f]{8}$/),
  })
})

test('a change with faults changes nothing', () => {
  const { settings, faults } = settingsOf(qa, defaults, { task_type: 'qa', version: 7, threshold: 60 })
  expect(faults).toEqual(['threshold must be a number from 0 to 10'])
  expect(settings).toEqual(settingsOf(qa, defaults).settings)
})

test('all faults of a change are named', () => {
  const faults = configFaults({
    system: 5,
    user: 'Say {{name}}',
    temperature: 3,
    tokens_max: 1.5,
    threshold: '6',
    attempts_max: 0,
    cost_limit_usd: -1,
    weights: [],
  })
  expect(faults).toEqual([
    'version must be a number',
    'temperature must be a number from 0 to 2',
    'tokens_max must be a whole number from 1 to 1000000',
    'threshold must be a number from 0 to 10',
    'attempts_max must be a whole number from 1 to 100',
    'cost_limit_usd must be a number from 0 to 1000000',
    'system must be text',
    'user has an unknown place {{name}}',
    'weights must be an object',
  ])
  expect(configFaults('text')).toEqual(['it must be an object'])
  expect(configFaults({ version: 1, threshold: null, model: null, weights: null })).toEqual([])
})

test.each(Object.entries(TASK_TYPES))('%s is declared without faults', (name, type) => {
  expect(type.name).toBe(name)
  expect(name).toMatch(/^[a-z_]+$/)
  expect(weightFaults(type.weights)).toEqual([])
  expect(places(type.prompt.user)).toEqual(expect.arrayContaining(['previous', 'feedback']))
  expect(configFaults({ version: 1, system: type.prompt.system, user: type.prompt.user })).toEqual([])
  if (!type.answer) return
  const answer = instanceOf(type.answer.schema, 'because') as Structured
  expect(validator(type.answer.schema)(answer)).toEqual([])
  expect(type.answer.inWords(answer)).toContain('because')
})
