/** Task types changed at run time from the command line, as the pipeline then finds them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { changeName } from '#answers/change-name.ts'
import { TaskConfigCodec } from '#answers/codecs.ts'
import { EXIT } from '#cli/command/command.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { caudal, dataFolder, record, withLog } from './data-folder.ts'

const set = (folder: string, change: object | string, taskType = 'qa') =>
  caudal(
    folder,
    ['config', 'set', taskType, '-'],
    typeof change === 'string' ? change : JSON.stringify(change),
  )

/** The topic's records, decoded as the pipeline does it. */
async function written(folder: string) {
  const found: unknown[] = []
  await withLog(folder, log =>
    readAll(log, 'llm.config', ({ key, value }) =>
      found.push([String(key), value && TaskConfigCodec.decode(value)]),
    ),
  )
  return found
}

it('caudal config prints a change and its end as JSON on request', async () => {
  const folder = dataFolder()
  const words = (verb: string) => ['config', verb, 'qa', ...(verb === 'set' ? ['-'] : []), '--json']
  const changed = await caudal(folder, words('set'), '{"threshold": 7.5}')
  expect(JSON.parse(changed.stdout)).toEqual({
    task_type: 'qa',
    config: { task_type: 'qa', version: 1, threshold: 7.5 },
  })
  expect((await caudal(folder, words('unset'))).stdout).toBe('{"task_type":"qa","config":null}\n')
})

describe('caudal config set', () => {
  it('writes a change as the pipeline reads it, with a version that counts up', async () => {
    const folder = dataFolder()
    expect(await set(folder, { threshold: 7.5, model: null })).toMatchObject({
      code: EXIT.ok,
      stdout: 'qa is under change 1\n',
    })
    const path = join(folder, 'change.json')
    writeFileSync(path, JSON.stringify({ user: '{{title}}', version: 7 }))
    await caudal(folder, ['config', 'set', 'qa', path])
    expect((await set(folder, { tokens_max: 50 })).stdout).toBe('qa is under change 8\n')
    expect(await written(folder)).toEqual([
      ['qa', { task_type: 'qa', version: 1, threshold: 7.5 }],
      ['qa', { task_type: 'qa', version: 7, user: '{{title}}' }],
      ['qa', { task_type: 'qa', version: 8, tokens_max: 50 }],
    ])
  })

  it('names every fault of a change and writes nothing', async () => {
    const folder = dataFolder()
    const faulty = { task_type: 'sentiment', version: 0.5, treshold: 7, temperature: 3, user: '{{name}}' }
    const { code, stderr } = await set(folder, faulty, 'riddle')
    expect(code).toBe(EXIT.configuration)
    expect(stderr.trimEnd().split('\n').slice(1)).toEqual([
      'there is no task type riddle: there are qa, sentiment, moderation, summarization',
      'treshold is no field of it',
      'task_type must be riddle',
      'version must be a whole number above 0',
      'temperature must be a number from 0 to 2',
      'user has an unknown place {{name}}',
    ])
    expect((await set(folder, [])).stderr).toContain('it must be an object')
    expect(await written(folder)).toEqual([])
  })

  it('reports an input that is no JSON, and a file that does not exist', async () => {
    const folder = dataFolder()
    expect(await set(folder, 'threshold: 7')).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining('- cannot be read'),
    })
    expect((await caudal(folder, ['config', 'set', 'qa', join(folder, 'none.json')])).code).toBe(EXIT.usage)
  })

  it('changes the answers of questions that are read afterwards', async () => {
    const folder = dataFolder()
    await set(folder, { threshold: 0 })
    const input = join(folder, 'one.ndjson')
    writeFileSync(input, '{"title": "What is a fuse for?", "best_answer": "It cuts the current."}\n')
    expect((await caudal(folder, ['start', '--exit', '--input', input])).code).toBe(EXIT.ok)
    const [answer = ''] = (await caudal(folder, ['results', '--json'])).lines
    expect(JSON.parse(answer)).toMatchObject({
      task_type: 'qa',
      prompt_version: expect.stringMatching(/^1\+1\./),
    })
  })

  it('is refused while a pipeline has the embedded log open', async () => {
    const folder = dataFolder()
    await withLog(folder, async () => {
      expect(await set(folder, { threshold: 7 })).toMatchObject({
        code: EXIT.unavailable,
        stderr: expect.stringContaining('LOG_IN_USE'),
      })
    })
  })
})

describe('caudal config unset', () => {
  it('takes a change back, and the next change has a number above all before', async () => {
    const folder = dataFolder()
    await set(folder, { threshold: 7 })
    expect((await caudal(folder, ['config', 'unset', 'qa'])).stdout).toBe('qa is as declared\n')
    expect((await written(folder)).at(-1)).toEqual(['qa', null])
    expect(await caudal(folder, ['config', 'unset', 'qa'])).toMatchObject({
      code: EXIT.notFound,
      stderr: 'qa is not changed\n',
    })
    expect((await set(folder, { threshold: 6 })).stdout).toBe('qa is under change 3\n')
  })
})

describe('the record of changes', () => {
  const changed = async (folder: string) =>
    (await withLog(folder, auditIn)).map(({ at: _, ...entry }) => entry)
  const common = {
    ...{ action: 'version_live', target: 'qa', who: expect.stringMatching(/./) },
    from: expect.stringMatching(/^caudal config on ./),
  }

  it('has who has set and taken back a change, why, from where, and both versions', async () => {
    const folder = dataFolder()
    const words = ['config', 'set', 'qa', '-', '--reason', 'it answers better']
    await caudal(folder, words, '{"threshold": 7}')
    await caudal(folder, ['config', 'unset', 'qa', '--reason', 'too dear'])
    const version = `1+${changeName({ task_type: 'qa', version: 1, threshold: 7 })}`
    expect(await changed(folder)).toEqual([
      { ...common, why: 'it answers better', details: { version, instead_of: '1' } },
      { ...common, why: 'too dear', details: { version: '1', instead_of: version } },
    ])
  })

  it('says that no reason was given, and has nothing of what was not changed', async () => {
    const folder = dataFolder()
    await set(folder, { threshold: 7 })
    await set(folder, { threshold: 70 })
    await caudal(folder, ['config', 'unset', 'sentiment'])
    const blank = await caudal(folder, ['config', 'unset', 'qa', '--reason', ' '])
    expect([blank.code, blank.stderr]).toEqual([EXIT.usage, expect.stringContaining('--reason must have')])
    expect(await changed(folder)).toMatchObject([{ target: 'qa', why: 'no reason was given' }])
  })
})

it('a change has a number above those that compaction removed together with their tombstone', async () => {
  const folder = dataFolder()
  await set(folder, { threshold: 7 })
  await caudal(folder, ['config', 'unset', 'qa'])
  await withLog(folder, async log => {
    const [{ end } = { end: 0 }] = await log.bounds([{ topic: 'llm.config', partition: 0 }])
    await log.trim({ topic: 'llm.config', partition: 0 }, end)
  })
  expect(await written(folder)).toEqual([])
  expect((await set(folder, { threshold: 6 })).stdout).toBe('qa is under change 3\n')
})

describe('caudal config list', () => {
  it('shows the last change of each task type, also those that the pipeline leaves out', async () => {
    const folder = dataFolder()
    await withLog(folder, async () => undefined)
    expect((await caudal(folder, ['config', 'list'])).stdout).toBe('no task type is changed\n')
    await set(folder, { threshold: 7 })
    await set(folder, { threshold: 8, weights: WEIGHTS })
    const typed = { task_type: 'sentiment', version: 1, temperature: 9 }
    const records = [
      record(typed, { key: Buffer.from('sentiment') }),
      record({}, { key: Buffer.from('moderation'), value: Buffer.from('soon') }),
    ]
    await withLog(folder, log => log.append([{ topic: 'llm.config', partition: 0, records }]))
    const { lines } = await caudal(folder, ['config', 'list', '--json'])
    expect(lines.map(line => JSON.parse(line))).toEqual([
      {
        task_type: 'qa',
        config: { task_type: 'qa', version: 2, threshold: 8, weights: WEIGHTS },
        faults: [],
      },
      { task_type: 'sentiment', config: typed, faults: ['temperature must be a number from 0 to 2'] },
      {
        task_type: 'moderation',
        config: expect.stringContaining('JSON'),
        faults: ['it must be an object'],
      },
    ])
    const { stdout } = await caudal(folder, ['config', 'list'])
    expect(stdout).toMatch(/^qa +2 +threshold: 8, weights: \{/m)
    expect(stdout).toMatch(/^sentiment +1 +temperature: 9 +temperature must be/m)
  })
})

const WEIGHTS = { exactness: 50, completeness: 20, clarity: 10, concision: 10, usefulness: 10 }
