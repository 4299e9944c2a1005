/** What is written for programs that bring no logger. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { warnings } from '#core/loggers.ts'

const written: string[] = []
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockImplementation(text => written.push(String(text)) > 0)
})
afterEach(() => {
  vi.restoreAllMocks()
  written.length = 0
})

it('warnings and errors are one line each, with the fields as JSON', () => {
  warnings.warn('a task is restarted', { task: 'count/0', partitions: [1, 2] })
  warnings.error('the pod has failed')
  expect(written).toEqual([
    'caudal warning: a task is restarted task="count/0" partitions=[1,2]\n',
    'caudal error: the pod has failed\n',
  ])
})

it('what does not need a person is not written', () => {
  warnings.info('the pod is up')
  warnings.debug('positions were not stored')
  expect(written).toEqual([])
})

it('a field with line breaks, a large integer or an error is still one line', () => {
  const error = new CaudalError('LOG_UNAVAILABLE', { reason: 'one\ntwo' })
  warnings.warn('told', { text: 'one\ntwo', offset: 2n ** 60n, error })
  expect(written).toHaveLength(1)
  expect(written[0]?.trimEnd().split('\n')).toHaveLength(1)
  expect(written[0]).toContain('text="one\\ntwo" offset="1152921504606846976" error="')
})

it('a message with line breaks is one line', () => {
  warnings.warn('one\ntwo')
  expect(written).toEqual(['caudal warning: one two\n'])
})
