/** Brakes set, shown and released from the command line, as the pods and the record of changes then find them. */
import { expect, it } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { BrakeCodec } from '#answers/brakes.ts'
import { EXIT } from '#cli/command/command.ts'
import { NO_HEADERS } from '#core/record.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { caudal, dataFolder, withLog } from './data-folder.ts'

const set = (folder: string, scope: string, ...more: readonly string[]) =>
  caudal(folder, ['brake', 'set', scope, '--reason', 'too dear', ...more])

/** The topic's records, decoded as the pods do it. */
async function written(folder: string) {
  const found: unknown[] = []
  await withLog(folder, log =>
    readAll(log, 'llm.brakes', ({ key, value }) =>
      found.push([String(key), value && BrakeCodec.decode(value)]),
    ),
  )
  return found
}

it('caudal brake sets, lists and releases a brake, and each change is kept with its operator, reason and origin', async () => {
  const folder = dataFolder()
  expect(await set(folder, 'organization:acme')).toMatchObject({
    code: EXIT.ok,
    stdout: 'a brake on organization:acme is set: no new call begins within a second\n',
  })
  const [brake] = (await caudal(folder, ['brake', 'list', '--json'])).lines.map(line => JSON.parse(line))
  expect(brake).toEqual({
    ...{ scope: 'organization:acme', reason: 'too dear' },
    ...{ who: expect.stringMatching(/./), since: expect.stringMatching(/^20.*Z$/) },
  })
  expect((await caudal(folder, ['brake', 'list'])).stdout).toContain('too dear')
  const released = await caudal(folder, [
    'brake',
    'release',
    'organization:acme',
    '--reason',
    'paid',
    '--json',
  ])
  expect([released.code, released.stdout]).toEqual([
    EXIT.ok,
    '{"scope":"organization:acme","released":true}\n',
  ])
  expect((await caudal(folder, ['brake', 'list'])).stdout).toBe('no brake is set\n')
  expect(await written(folder)).toEqual([
    ['organization:acme', expect.objectContaining({ scope: 'organization:acme', reason: 'too dear' })],
    ['organization:acme', null],
  ])
  const audit = await withLog(folder, auditIn)
  const common = {
    target: 'organization:acme',
    who: brake.who,
    from: expect.stringContaining('caudal brake on '),
  }
  expect(audit).toMatchObject([
    { ...common, action: 'brake_set', why: 'too dear' },
    { ...common, action: 'brake_released', why: 'paid', details: { set_by: brake.who, reason: 'too dear' } },
  ])
})

it.each([
  ['2h', 7_200_000],
  ['2099-01-31T08:00:00Z', Date.UTC(2099, 0, 31, 8) - Date.now()],
])('--until takes %s', async (until, ms) => {
  const folder = dataFolder()
  const { code, stdout } = await set(folder, 'model:gpt-4o', '--until', until, '--json')
  expect(code).toBe(EXIT.ok)
  expect(Math.abs(Date.parse(JSON.parse(stdout).until) - Date.now() - ms)).toBeLessThan(60_000)
})

it.each([
  ['all', [], 'a scope is everything'],
  ['model:', [], 'a scope is everything'],
  ['everything', ['--until', 'tomorrow'], '--until tomorrow is no time'],
  ['everything', ['--until', '2001-01-01'], 'until must be in the future'],
])('brake set %s %j is refused, and nothing is written', async (scope, more, message) => {
  const folder = dataFolder()
  const { code, stderr } = await set(folder, scope, ...more)
  expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining(message)])
  expect(await written(folder)).toEqual([])
})

it('caudal brake set requires a reason that is not blank', async () => {
  const folder = dataFolder()
  expect((await caudal(folder, ['brake', 'set', 'everything'])).stderr).toContain('say why')
  expect((await caudal(folder, ['brake', 'set', 'everything', '--reason', ' '])).code).toBe(EXIT.usage)
  expect(await written(folder)).toEqual([])
})

it('a brake that is not set cannot be released', async () => {
  const folder = dataFolder()
  await withLog(folder, async () => undefined)
  const { code, stderr } = await caudal(folder, ['brake', 'release', 'everything', '--reason', 'paid'])
  expect([code, stderr]).toEqual([EXIT.notFound, expect.stringContaining('there is no brake on everything')])
})

it('a record that cannot be read is listed with its fault, beside the brake that still holds', async () => {
  const folder = dataFolder()
  await set(folder, 'everything')
  await withLog(folder, log => {
    const record = {
      key: Buffer.from('everything'),
      value: Buffer.from('{'),
      headers: NO_HEADERS,
      timestamp: 1,
    }
    return log.append([{ topic: 'llm.brakes', partition: 0, records: [record] }])
  })
  const [row] = (await caudal(folder, ['brake', 'list', '--json'])).lines.map(line => JSON.parse(line))
  expect(row).toMatchObject({
    scope: 'everything',
    reason: 'too dear',
    fault: expect.stringContaining('JSON'),
  })
})
