/** To whom a load may be sent unasked. */
import { expect, it } from 'vitest'
import { publicHosts } from '#load/whose.ts'

it.each([
  '127.0.0.1',
  'localhost',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.0.9',
  '::1',
  '[::1]',
  'fd00::1',
])('%s is on this machine or in a private network', async host => {
  expect(await publicHosts([host])).toEqual([])
})

it.each([
  '192.0.2.1',
  '172.32.0.1',
  '8.8.8.8',
  '2001:db8::1',
  '::ffff:8.8.8.8',
  'a-name-that-nobody-has.invalid',
])('%s is not', async host => {
  expect(await publicHosts([host, '127.0.0.1'])).toEqual([host])
})
