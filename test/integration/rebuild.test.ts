/** Postgres written again from the topics, and one of a newer version. */
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { DeliveredAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import { EXIT } from '#cli/command/command.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { HOST, PORTS, POSTGRES_URL } from '#deploy/local/addresses.ts'
import { PostgresAnswers } from '#stores/postgres/answers.ts'
import { Database } from '#stores/postgres/database.ts'
import { PostgresHistory } from '#stores/postgres/history.ts'
import { describeRebuild, KEPT_MS, type RebuildFixture } from '../conformance/rebuild.ts'
import { caudal, dataFolder, of, withLog } from '../unit/cli/data-folder.ts'
import { delivered } from '../unit/cli/outcomes.ts'
import { RUN, stackRuns } from './stack.ts'

const names: string[] = []

async function run(sql: string, url: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

async function openFixture(): Promise<RebuildFixture & { readonly url: string }> {
  const name = `rebuild_${RUN.replace(/\W/g, '')}_${names.length}`
  names.push(name)
  await run(`CREATE DATABASE ${name}`, POSTGRES_URL)
  const url = `postgres://caudal@${HOST}:${PORTS.postgres}/${name}`
  const database = new Database({ url, connectionsMax: 4, system: realSystem, logger: silent })
  await database.query({ text: 'SELECT 1' })
  return {
    url,
    answers: new PostgresAnswers(database),
    history: new PostgresHistory({ database, system: realSystem, keptMs: KEPT_MS }),
    query: sql => run(sql, url),
    close: () => database.close(),
  }
}

async function withAnswer(): Promise<string> {
  const folder = dataFolder()
  const records = [of(DeliveredAvro, delivered(), { key: Buffer.from('q1') })]
  await withLog(folder, log => log.append([{ topic: TOPICS.delivered, partition: 0, records }]))
  return folder
}

describe.skipIf(!(await stackRuns('postgres')))('Postgres', () => {
  afterAll(async () => {
    for (const name of names) await run(`DROP DATABASE ${name} WITH (FORCE)`, POSTGRES_URL)
  })

  describeRebuild('Postgres', openFixture)

  it('of a newer version is not written by a rebuild, and the error names the unknown migration', async () => {
    const { url, query, close } = await openFixture()
    await query(`INSERT INTO caudal_migrations (name, run_on) VALUES ('9999_of-later', now())`)
    await close()
    const settings = { DATABASE_URL: url }
    const { code, stderr } = await caudal(await withAnswer(), ['database', 'rebuild'], '', settings)
    expect(code).toBe(EXIT.unavailable)
    expect(stderr).toContain('9999_of-later')
    expect(await query('SELECT id FROM response_event')).toEqual([])
  })
})
