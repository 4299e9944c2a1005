/** The database in a file, written again from the topics. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { realSystem } from '#core/system.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { describeRebuild, KEPT_MS } from '../../conformance/rebuild.ts'

describeRebuild('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-rebuild-'))
  const path = join(folder, 'answers.db')
  const answers = new SqliteAnswers({ path, system: realSystem })
  const history = new SqliteHistory({ path, system: realSystem, keptMs: KEPT_MS })
  const reader = new DatabaseSync(path)
  return {
    answers,
    history,
    query: async sql => reader.prepare(sql).all(),
    close: async () => {
      reader.close()
      history.close()
      answers.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
