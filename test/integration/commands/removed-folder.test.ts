/** The folder of a process that runs is removed under it: nothing can be written any more, and the process says so and ends. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { startCaudal } from '../../cli/process.ts'
import { dataFolder } from '../../unit/cli/data-folder.ts'

it('a pod whose DATA_DIR is removed ends by itself, with the reason', async () => {
  const folder = dataFolder()
  const file = join(folder, 'questions.ndjson')
  const lines = Array.from({ length: 2_000 }, (_, id) => `{"id":${id},"text":"Why ${id}?"}\n`)
  writeFileSync(file, lines.join(''))
  const data = join(folder, 'data')
  const child = startCaudal(['start', '--exit', '--input', file], { DATA_DIR: data, LOG_LEVEL: 'error' })
  await child.until(/ answered, /)
  rmSync(data, { recursive: true, force: true })
  const { code, stderr } = await child.ended
  expect(stderr).toMatch(/^caudal start: LOG_REMOVED: the log at .*was removed while it was open/m)
  expect(code).toBe(EXIT.unavailable)
}, 60_000)
