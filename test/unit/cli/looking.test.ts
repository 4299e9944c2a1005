/** Commands that look at a log or put something into it, run in this process on a log of their own. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DeliveredAvro, SeenAvro } from '#answers/codecs.ts'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { asText } from '#core/codec.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { frame } from '#engine/state/frame.ts'
import { valueEntry } from '#engine/state/layout.ts'
import { caudal, dataFolder, of, plan, record, withLog } from './data-folder.ts'
import { delivered } from './outcomes.ts'
import { surroundings } from './surroundings.ts'

describe('caudal produce', () => {
  it('puts in the lines of the standard input, and prints their number', async () => {
    const folder = dataFolder()
    const { code, stdout } = await caudal(
      folder,
      ['produce', '-', '--json'],
      '{"title":"a"}\n{"title":"b"}\n',
    )
    expect(code).toBe(EXIT.ok)
    expect(JSON.parse(stdout)).toEqual({ produced: 2, known: 0, too_large: 0 })
    const found: string[] = []
    await withLog(folder, log =>
      readAll(log, 'datos_crudos', ({ value }) => value && found.push(asText(value))),
    )
    expect(found.sort()).toEqual(['{"title":"a"}', '{"title":"b"}'])
  })

  it('leaves out events that an earlier call with --once put in', async () => {
    const folder = dataFolder()
    const path = join(folder, 'q.csv')
    writeFileSync(path, 'title\nOne\n')
    await caudal(folder, ['produce', '--once', path])
    writeFileSync(path, 'title\nOne\nTwo\n')
    const { stdout } = await caudal(folder, ['produce', '--once', path])
    expect(stdout).toBe('1 event put into datos_crudos, 1 were there\n')
  })
})

describe('caudal results', () => {
  const filled = async () => {
    const folder = dataFolder()
    await withLog(folder, log =>
      log.append([
        { topic: 'datos_procesados', partition: 0, records: [of(DeliveredAvro, delivered({ id: 'q1' }))] },
      ]),
    )
    return folder
  }

  it('writes each answer as one line of JSON with its documented fields', async () => {
    const { code, lines } = await caudal(await filled(), ['results', '--json'])
    expect(code).toBe(EXIT.ok)
    expect(lines.map(line => Object.keys(JSON.parse(line)))).toEqual([
      [
        'id',
        'task_type',
        'title',
        'answer',
        'scores',
        'final',
        'below_threshold',
        'attempts',
        'model',
        'prompt_version',
        'cost_usd',
      ],
    ])
  })

  it('writes a readable line for each answer without --json, and nothing for an empty log', async () => {
    const { stdout } = await caudal(await filled(), ['results'])
    expect(stdout).toBe('q1  qa  8.0  1x  What is a fuse for? -> It cuts the current.\n')
    expect((await caudal(dataFolder(), ['results'])).stdout).toBe('')
  })

  it('prints new answers with --follow until it is stopped', async () => {
    const { world, stdout, stop } = surroundings({ environment: { DATA_DIR: await filled() } })
    const ended = main(['results', '--follow'], world)
    await stdout.until(/q1/)
    stop()
    expect(await ended).toBe(EXIT.ok)
  })
})

describe('caudal topics', () => {
  it('lists the missing topics, creates them, and then has nothing to do', async () => {
    const folder = dataFolder()
    // The topic of streamed answers stands beside the graph.
    const topics = [...plan.topicSpecs.map(({ name }) => name), 'llm.tokens']
    const before = await caudal(folder, ['topics', 'plan'])
    expect(before.lines.length).toBe(topics.length)
    expect(before.lines.every(line => line.startsWith('+ '))).toBe(true)
    expect((await caudal(folder, ['topics', 'apply'])).stdout).toBe(`${topics.length} topics created\n`)
    const after = await caudal(folder, ['topics', 'plan', '--json'])
    expect(after.lines.map(line => JSON.parse(line).action)).toEqual(topics.map(() => 'keep'))
    expect((await caudal(folder, ['topics', 'apply'])).stdout).toBe('0 topics created\n')
  })

  it('reports a topic that differs from the plan, and creates none of the others', async () => {
    const folder = dataFolder()
    const log = await openEmbeddedLog({ path: join(folder, 'log'), system: realSystem })
    await log.createTopics([{ name: 'llm.intake', partitions: 3, compacted: false, retentionMs: undefined }])
    await log.close()
    const { code, stdout } = await caudal(folder, ['topics', 'plan'])
    expect(code).toBe(EXIT.configuration)
    expect(stdout).toContain('! llm.intake  8 partitions  differs: partitions is 3, the graph declares 8')
    expect((await caudal(folder, ['topics', 'apply'])).code).toBe(EXIT.configuration)
  })
})

describe('caudal lag', () => {
  it('counts the records that wait before each stage', async () => {
    const folder = dataFolder()
    await caudal(folder, ['produce', '-'], '{"title":7}\n'.repeat(3))
    const { lines } = await caudal(folder, ['lag', '--json'])
    const rows = lines.map(line => JSON.parse(line))
    expect(rows[0]).toEqual({ stage: 'ingest', topic: 'datos_crudos', position: 0, end: 3, lag: 3 })
    expect(rows.slice(1).every(({ lag }) => lag === 0)).toBe(true)
    const byPartition = await caudal(folder, ['lag', '--partitions'])
    expect(byPartition.stdout).toMatch(/ingest +datos_crudos\/0 +0 +1 +1\n/)
  })
})

describe('caudal state get', () => {
  it('shows the newest value of a key', async () => {
    const folder = dataFolder()
    const entry = Buffer.from(valueEntry('admit', 'seen', 'q1'))
    const bytes = frame(SeenAvro.encode({ at: 17 }), { now: Date.now(), ttl: 1_000_000 })
    const partition = partitionOf(Buffer.from('q1'), 8)
    const records = [
      record({}, { key: entry, value: frame(SeenAvro.encode({ at: 1 }), { now: 0, ttl: 1 }) }),
      record({}, { key: entry, value: bytes }),
    ]
    await withLog(folder, log => log.append([{ topic: 'answers.admit.state', partition, records }]))
    expect((await caudal(folder, ['state', 'get', 'admit', 'q1'])).stdout).toBe('seen = {"at":17}\n')
    const { stdout } = await caudal(folder, ['state', 'get', 'admit', 'q1', '--json'])
    expect(JSON.parse(stdout)).toEqual({ state: 'seen', value: { at: 17 } })
  })

  it('has one exit code for a key without state and another one for an unknown operator', async () => {
    const folder = dataFolder()
    await withLog(folder, async () => undefined)
    expect((await caudal(folder, ['state', 'get', 'admit', 'nobody'])).code).toBe(EXIT.notFound)
    const { code, stderr } = await caudal(folder, ['state', 'get', 'nobody', 'x'])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toContain('ingest, admit, generate')
  })
})

describe('caudal explain', () => {
  it('prints text, Mermaid or JSON without a log', async () => {
    const folder = dataFolder()
    expect((await caudal(folder, ['explain'])).stdout).toContain('stage generate')
    expect((await caudal(folder, ['explain', '--mermaid'])).stdout).toContain('flowchart')
    expect(JSON.parse((await caudal(folder, ['explain', '--json'])).stdout).application).toBe('answers')
  })

  it('lists the changes since a kept version, and ends with 3 where an operator must act', async () => {
    const folder = dataFolder()
    const path = join(folder, 'release.json')
    const compared = () => caudal(folder, ['explain', '--compare', path])
    const { stdout } = await caudal(folder, ['explain', '--json'])
    writeFileSync(path, stdout)
    expect(await compared()).toMatchObject({ code: EXIT.ok, stdout: 'nothing has changed\n' })

    const before = JSON.parse(stdout)
    before.topics.datos_crudos.partitions += 1
    delete before.topics['llm.failed']
    writeFileSync(path, JSON.stringify(before))
    const { code, stdout: changes } = await compared()
    expect(code).toBe(EXIT.configuration)
    expect(changes).toMatch(
      /^refused +topic datos_crudos has \d+ partitions instead of \d+: keep the number/m,
    )
    expect(changes).toMatch(/^safe +topic llm.failed is new: nothing to do$/m)
  })

  it('reports a kept version that cannot be read, or that is none', async () => {
    const folder = dataFolder()
    const path = join(folder, 'release.json')
    const compared = () => caudal(folder, ['explain', '--compare', path])
    expect((await compared()).stderr).toContain('release.json cannot be read')
    writeFileSync(path, '{"application":"answers"}')
    expect(await compared()).toMatchObject({ code: EXIT.usage, stdout: '' })
    expect((await compared()).stderr).toContain('was not written by caudal explain --json')
  })
})

describe('commands that only look', () => {
  const LOOKING = [
    ['lag'],
    ['dlq', 'list'],
    ['dlq', 'show', 'q'],
    ['dlq', 'replay', '--all'],
    ['state', 'get', 'admit', 'q'],
    ['results'],
    ['results', '--follow'],
    ['config', 'list'],
    ['config', 'unset', 'qa'],
    ['topics', 'plan'],
  ]

  it.each(LOOKING)(
    'make no topics for an application that has never run, and name the application: %s',
    async (...words) => {
      const folder = dataFolder()
      const { code, stderr } = await caudal(folder, words)
      expect(code).toBe(EXIT.notFound)
      expect(stderr).toContain('application answers has no topics here: check APP_ID')
      const log = await openEmbeddedLog({ path: join(folder, 'log'), system: realSystem })
      expect(await log.describeTopics()).toEqual([])
      await log.close()
    },
  )

  it.each([...LOOKING, ['explain'], ['schemas', 'check']])(
    'make no topics under a mistyped APP_ID, beside those of the application that was meant: %s',
    async (...words) => {
      const folder = dataFolder()
      const topicsIn = () =>
        withLog(folder, async log => (await log.describeTopics()).map(({ name }) => name).sort())
      const before = await topicsIn()
      const { world, stderr } = surroundings({ environment: { DATA_DIR: folder, APP_ID: 'anwsers' } })
      const code = await main(words, world)
      const needsTopics = LOOKING.some(each => each.join() === words.join())
      expect(code).toBe(needsTopics ? EXIT.notFound : EXIT.ok)
      if (words[0] !== 'explain')
        expect(stderr.text).toContain('application anwsers has no topics here: check APP_ID')
      expect(await topicsIn()).toEqual(before)
    },
  )
})
