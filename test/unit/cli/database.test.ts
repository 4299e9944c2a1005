/** `caudal database rebuild` on the file in DATA_DIR. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { DeliveredAvro, FailedAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import { EXIT } from '#cli/command/command.ts'
import { caudal, dataFolder, of, withLog } from './data-folder.ts'
import { delivered, failed } from './outcomes.ts'

const HOUR_MS = 3_600_000

/** One answer of an hour ago, one of long ago, and a failure. */
async function filled(): Promise<string> {
  const folder = dataFolder()
  const recent = { asked_at: Date.now() - HOUR_MS, delivered_at: Date.now() - HOUR_MS }
  const answers = [delivered(recent), delivered({ id: 'q0' })]
  const failure = failed({ failed_at: Date.now() - HOUR_MS })
  await withLog(folder, log =>
    log.append([
      { topic: TOPICS.delivered, partition: 0, records: answers.map(each => of(DeliveredAvro, each)) },
      { topic: TOPICS.failed, partition: 0, records: [of(FailedAvro, failure)] },
    ]),
  )
  return folder
}

function query(folder: string, sql: string): unknown[] {
  const database = new DatabaseSync(join(folder, 'answers.db'))
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

it('caudal database rebuild makes the file again each time, and reports each topic', async () => {
  const folder = await filled()
  for (let times = 0; times < 2; times += 1) {
    const { code, lines } = await caudal(folder, ['database', 'rebuild', '--json'])
    expect(code).toBe(EXIT.ok)
    const topics = lines.map(line => JSON.parse(line))
    const none = { refused: 0, gone: 0 }
    expect(topics).toContainEqual({ topic: TOPICS.delivered, read: 2, written: 3, too_old: 1, ...none })
    expect(topics).toContainEqual({ topic: TOPICS.failed, read: 1, written: 1, too_old: 0, ...none })
  }
  expect(query(folder, 'SELECT id FROM response_event ORDER BY id')).toEqual([{ id: 'q0' }, { id: 'q1' }])
  const events = query(folder, 'SELECT task_id, kind FROM task_event ORDER BY task_id')
  expect(events).toEqual([
    { task_id: 'q1', kind: 'delivered' },
    { task_id: 'q2', kind: 'failed' },
  ])
})

it('caudal database rebuild does not touch a file of a newer version', async () => {
  const folder = await filled()
  const database = new DatabaseSync(join(folder, 'answers.db'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  const { code, stderr } = await caudal(folder, ['database', 'rebuild'])
  expect(code).toBe(EXIT.configuration)
  expect(stderr).toContain('run the newer version')
  expect(query(folder, 'SELECT name FROM sqlite_schema')).toEqual([])
})
