/** Ends a run by saying which tests were left out and how to run them: green must not be read as complete. */
import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

export default class LeftOut implements Reporter {
  #root = ''

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const run = new Set(modules.map(module => relative(this.#root, module.moduleId)))
    const stoodBack = modules.filter(({ children }) => [...children.allTests()].every(isSkipped))
    const left = [
      ...integrationTests(this.#root).filter(path => !run.has(path)),
      ...stoodBack.map(module => relative(this.#root, module.moduleId)),
    ]
    if (left.length === 0) return
    process.stdout.write(
      [
        `Left out, because they need the local stack or a registry of packages, or take long (${left.length} files):`,
        ...left.map(path => `  ${path}`),
        'To run them: npm run stack -- up, then REQUIRE_STACK=1 npm test',
        'The faults alone, on brokers that they kill, about ten minutes: npm run test:faults',
        '',
      ].join('\n'),
    )
  }
}

function isSkipped(test: TestCase): boolean {
  return test.result().state === 'skipped'
}

function integrationTests(root: string): string[] {
  const folder = join(root, 'test/integration')
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(name => name.endsWith('.test.ts')).map(name => join('test/integration', name))
}
