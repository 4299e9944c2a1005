/** How many files a process must be allowed to have open for the graph that it runs. */
import { expect, it } from 'vitest'
import { refuseFewFiles } from '#cli/open-files.ts'
import { plan } from './data-folder.ts'

it('a graph whose state takes more files than the process may open is refused with the number that it needs', () => {
  const tasks = plan.stages.reduce((sum, { partitions }) => sum + partitions, 0)
  const needed = tasks * 3 + 200
  expect(() => refuseFewFiles(plan, needed)).not.toThrow()
  expect(() => refuseFewFiles(plan, needed - 1)).toThrow(`ulimit -n ${needed}`)
})
